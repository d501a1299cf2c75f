//! Against the budgets of a call.

use std::hint::black_box;

use hallpass_connector::Failure;
use hallpass_connector::log::Level;
use hallpass_connector::sql::{self, Argument, Step};

use crate::{Scene, got_through};

/// Never gives the processor back.
pub(crate) fn loop_for_ever(_: &Scene<'_>) -> Result<(), Failure> {
    let mut n = 0_u64;
    loop {
        n = black_box(n.wrapping_add(1));
    }
}

/// Takes memory until there is none.
pub(crate) fn eat_memory(_: &Scene<'_>) -> Result<(), Failure> {
    let mut eaten = Vec::new();
    for n in 0..65_536_u32 {
        eaten.push(black_box(vec![1_u8; 1 << 20]));
        black_box(n);
    }
    Err(got_through("64 GiB"))
}

/// Calls itself without end.
pub(crate) fn recurse(_: &Scene<'_>) -> Result<(), Failure> {
    fn deeper(n: u64) -> u64 {
        if black_box(n) == u64::MAX {
            return n;
        }
        let room = black_box([n; 64]);
        black_box(deeper(n + 1)) + room.iter().sum::<u64>()
    }
    black_box(deeper(0));
    Err(got_through("an endless stack"))
}

/// Traps.
pub(crate) fn panic(_: &Scene<'_>) -> Result<(), Failure> {
    panic!("a guest gave up")
}

/// Writes more than anybody reads, and then succeeds: what is too much is dropped and counted.
#[expect(clippy::unnecessary_wraps, reason = "every conduct has one signature")]
pub(crate) fn flood_the_log(scene: &Scene<'_>) -> Result<(), Failure> {
    let line = "x".repeat(64 * 1024);
    for _ in 0..10_000 {
        scene.inv.log(Level::Info, &line, &[]);
    }
    Ok(())
}

/// Opens sessions and keeps them.
pub(crate) fn open_many_sessions(scene: &Scene<'_>) -> Result<(), Failure> {
    let kept = (0..1_000).map(|_| sql::open(scene.inv, scene.want, None)).collect::<Result<Vec<_>, _>>()?;
    Err(got_through(&format!("{} sessions", kept.len())))
}

/// Runs a small statement again and again.
pub(crate) fn run_many_statements(scene: &Scene<'_>) -> Result<(), Failure> {
    let session = sql::open(scene.inv, scene.want, None)?;
    for _ in 0..1_000_000 {
        session.query(&Step::new("echo").with(Argument::Text("again".to_owned())), 1)?;
    }
    Err(got_through("a million statements"))
}
