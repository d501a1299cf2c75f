//! What one connector's calls feel of others that burn their whole CPU budget.

use std::sync::Arc;
use std::time::Duration;

use hallpass_domain::port::Connector as _;
use hallpass_runtime::Limits;
use tokio::runtime::Runtime;

use crate::guests::Guests;
use crate::stats::{Series, heading, now};

/// Burning calls at once.
const BURNERS: usize = 8;
/// Quiet and beside burning calls, in turns.
const ROUNDS: usize = 12;
const IN_A_ROUND: usize = 400;
/// Between two calls.
const PAUSE: Duration = Duration::from_millis(1);

pub(crate) fn run() {
    // As `hallpass serve` makes it.
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let guests = Arc::new(tokio.block_on(Guests::new()));
    let (mut quiet, mut beside) = (Series::default(), Series::default());
    for _ in 0..ROUNDS {
        calls(&tokio, &guests, &mut quiet);
        let burners: Vec<_> = (0..BURNERS).map(|_| tokio.spawn(burn(Arc::clone(&guests)))).collect();
        calls(&tokio, &guests, &mut beside);
        for burner in burners {
            burner.abort();
            assert!(tokio.block_on(burner).unwrap_err().is_cancelled(), "a call that is dropped while it burns ends");
        }
    }
    println!("{}", heading());
    println!("{}", quiet.line("quiet"));
    println!("{}", beside.line(&format!("beside {BURNERS} calls that burn their budget")));
    let more = beside.quantile(0.99) - quiet.quantile(0.99);
    println!("p99: {more:.0} µs above quiet; two ticks are {} µs", (Limits::default().tick * 2).as_micros());
}

/// Burns one budget after the other.
async fn burn(guests: Arc<Guests>) {
    loop {
        let ended = guests.runtime.health(&guests.call("loop_for_ever")).await.unwrap_err();
        assert_eq!(ended.code, "cpu-budget");
    }
}

/// Calls as the engine makes them: each a task of its own.
fn calls(tokio: &Runtime, guests: &Arc<Guests>, series: &mut Series) {
    for _ in 0..IN_A_ROUND {
        std::thread::sleep(PAUSE);
        let guests = Arc::clone(guests);
        let begun = now();
        tokio.block_on(tokio.spawn(async move { guests.runtime.health(&guests.call("do_nothing")).await })).unwrap().unwrap();
        series.push(now() - begun);
    }
}
