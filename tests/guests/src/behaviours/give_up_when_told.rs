//! Asks whether anybody waits for it, and gives up where nobody does.

use crate::scene::{Said, Scene, done};
use hallpass_connector::Failure;

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    if scene.inv.cancelled() { Err(Failure::unavailable("given-up", "nobody waits for it")) } else { done() }
}
