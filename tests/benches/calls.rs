//! A call on a fresh store through the runtime, with all its limits and capabilities, against bare wasmtime doing the same
//! instantiate and call.

use std::time::{Duration, Instant};

use hallpass_domain::port::Connector as _;

use crate::bare::Bare;
use crate::guests::Guests;
use crate::stats::{Series, heading, now, ratio};
use crate::timeline;

/// A guest that reads one setting and says that all is well.
const BEHAVIOUR: &str = "do_nothing";
const ROUNDS: usize = 60;
const IN_A_ROUND: usize = 100;

pub(crate) fn run() {
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio.block_on(measure());
}

async fn measure() {
    let guests = Guests::new().await;
    let bare = Bare::new(&hallpass_tests::guests::guests(), BEHAVIOUR);
    let (mut ours, mut theirs) = (Series::default(), Series::default());
    let mut parts: [Series; 4] = Default::default();
    for round in 0..=ROUNDS {
        for _ in 0..IN_A_ROUND {
            let call = guests.call(BEHAVIOUR);
            let begun = now();
            guests.runtime.health(&call).await.unwrap();
            let time = now() - begun;
            // The first round warms both up.
            if round > 0 {
                ours.push(time);
            }
        }
        for _ in 0..IN_A_ROUND {
            let times = bare.call().await;
            if round > 0 {
                theirs.push(times.whole());
                let each = [times.store, times.instantiate, times.call, times.drop];
                parts.iter_mut().zip(each).for_each(|(series, time)| series.push(time));
            }
        }
    }
    println!("{}", heading());
    println!("{}", ours.line("runtime: a call on a fresh store"));
    split(&guests).await;
    println!("{}", theirs.line("bare wasmtime: the same instantiate and call"));
    ["store", "instantiate", "call", "drop"]
        .iter()
        .zip(&parts)
        .for_each(|(name, series)| println!("{}", series.line(&format!("  {name}"))));
    println!("{}", ratio(&ours, &theirs));
}

/// The same calls again, with the runtime's own event between instantiate and call.
async fn split(guests: &Guests) {
    timeline::listen();
    let mut parts: [Series; 2] = Default::default();
    for _ in 0..ROUNDS * IN_A_ROUND / 10 {
        let call = guests.call(BEHAVIOUR);
        timeline::begin();
        let begun = now();
        guests.runtime.health(&call).await.unwrap();
        let ended = now();
        let ready: Instant = timeline::end().instantiated.expect("the runtime says so");
        let times: [Duration; 2] = [ready - begun, ended - ready];
        parts.iter_mut().zip(times).for_each(|(series, time)| series.push(time));
    }
    ["frame, store, instantiate", "call, drop"]
        .iter()
        .zip(&parts)
        .for_each(|(name, series)| println!("{}", series.line(&format!("  {name}"))));
}
