//! Runs a small statement again and again.

use crate::scene::{Said, Scene, echo, got_through, open};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let session = open(scene)?;
    for _ in 0..1_000_000 {
        session.query(&echo("again"), 1)?;
    }
    Err(got_through("a million statements"))
}
