//! Traps.

use crate::scene::{Said, Scene};

pub(crate) fn run(_: &Scene<'_>) -> Said {
    panic!("a guest gave up")
}
