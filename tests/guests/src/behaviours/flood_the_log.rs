//! Writes more than anybody reads, and then succeeds: what is too much is dropped and counted.

use crate::scene::{Said, Scene, done};
use hallpass_connector::log::Level;

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let line = "x".repeat(64 * 1024);
    for _ in 0..10_000 {
        scene.inv.log(Level::Info, &line, &[]);
    }
    done()
}
