//! From the commit of the last verdict to `active`, against the same statements by hand over one warm connection plus as many
//! durable commits of the store's engine as the broker makes.

use std::time::{Duration, Instant};

use hallpass_domain::grant::GrantState;
use hallpass_domain::port::Connector as _;
use hallpass_store::Backend;
use hallpass_tests::postgres::durable_cluster;
use hallpass_tests::server::connector;

use crate::by_hand::ByHand;
use crate::stage::{Stage, keyring, runtime};
use crate::stats::{Series, heading, now, ratio};
use crate::timeline::{self, Commit};

/// Activations before any is counted: connections are opened, statements prepared.
const WARM: u64 = 20;
/// Short rounds: the machine's speed changes from one second to the next.
const ROUNDS: usize = 40;
const IN_A_ROUND: usize = 5;
/// How often a start with a filled cache is measured.
const STARTS: usize = 20;

pub(crate) fn run() {
    durable_cluster();
    timeline::listen();
    // As `hallpass serve` makes it.
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    tokio.block_on(async {
        for backend in [Backend::Sqlite, Backend::Postgres] {
            measure(backend).await;
        }
    });
}

/// The parts of one activation.
const PARTS: [&str; 5] = ["intent: wake, claim, send", "instantiate", "statements", "look", "commit"];

async fn measure(backend: Backend) {
    let stage = Stage::new(backend).await;
    let mut by_hand = ByHand::new(&stage).await;
    let before = stage.commits();
    for _ in 0..WARM {
        activate(&stage).await;
    }
    let after = stage.commits();
    // One operation that takes the access back makes as many as one that gives it.
    let (commits, log) = ((after.0 - before.0) / WARM / 2, (after.1 - before.1) as f64 / WARM as f64 / 2.0);
    for _ in 0..WARM {
        by_hand.activate(commits).await;
    }
    let (mut ours, mut theirs) = (Series::default(), Series::default());
    let mut parts: [Series; PARTS.len()] = Default::default();
    let mut hand: [Series; 3] = Default::default();
    for _ in 0..ROUNDS {
        for _ in 0..IN_A_ROUND {
            let times = activate(&stage).await;
            ours.push(times.iter().sum());
            parts.iter_mut().zip(times).for_each(|(series, time)| series.push(time));
        }
        for _ in 0..IN_A_ROUND {
            let times = by_hand.activate(commits).await;
            let times = [times.statements, times.look, times.commits];
            theirs.push(times.iter().sum());
            hand.iter_mut().zip(times).for_each(|(series, time)| series.push(time));
        }
    }
    println!("\nstore: {backend:?}, {commits} commits of an activation (and {log:.1} of the log beside it)");
    println!("{}", heading());
    println!("{}", ours.line("broker: last verdict to active"));
    PARTS.iter().zip(&parts).for_each(|(name, series)| println!("{}", series.line(&format!("  {name}"))));
    println!("{}", theirs.line("by hand"));
    ["statements", "look", "commits"].iter().zip(&hand).for_each(|(name, series)| println!("{}", series.line(&format!("  {name}"))));
    println!("{}", cold_starts(&stage).await.line("compile cache, once a start and not above"));
    println!("{}", ratio(&ours, &theirs));
    drop(by_hand);
    stage.close().await;
}

/// One activation by the broker, and its end.
async fn activate(stage: &Stage) -> [Duration; PARTS.len()] {
    let request = stage.ask().await;
    timeline::begin();
    let verdict = Commit::next(&stage.store);
    let grant = stage.approve(&request).await;
    stage.becomes(&grant, GrantState::Active).await;
    let steps = timeline::end();
    let at = |step: Option<Instant>| step.expect("every step was taken");
    let instants = [
        verdict.at().await,
        at(steps.apply),
        at(steps.instantiated),
        at(steps.applied),
        at(steps.looked),
        steps.settled.expect("it settled").at().await,
    ];
    assert!(steps.look >= steps.applied, "the look is the one after the statements");
    stage.take_back(&grant).await;
    std::array::from_fn(|n| instants[n + 1] - instants[n])
}

/// A new engine takes the connector from the folder of compiled ones.
async fn cold_starts(stage: &Stage) -> Series {
    let (file, mut series) = (connector(), Series::default());
    for _ in 0..STARTS {
        let fresh = runtime(stage.cache(), &keyring());
        let begun = now();
        fresh.load(&file).await.unwrap();
        series.push(now() - begun);
    }
    series
}
