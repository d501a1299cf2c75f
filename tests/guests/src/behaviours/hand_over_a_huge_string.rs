//! Asks for a setting whose name has eight megabytes.

use crate::scene::{Said, Scene, got_through};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let answer = scene.inv.setting(&"x".repeat(8 << 20));
    Err(got_through(&format!("a name of 8 MiB, answered with {answer:?}")))
}
