//! Calls itself without end.

use crate::scene::{Said, Scene, got_through};
use std::hint::black_box;

fn deeper(n: u64) -> u64 {
    if black_box(n) == u64::MAX {
        return n;
    }
    let room = black_box([n; 64]);
    black_box(deeper(n + 1)) + room.iter().sum::<u64>()
}

pub(crate) fn run(_: &Scene<'_>) -> Said {
    black_box(deeper(0));
    Err(got_through("an endless stack"))
}
