//! Opens a session with a peer that accepts the connection and never says a word.

use crate::scene::{Said, Scene, got_through, open};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    open(scene)?;
    Err(got_through("a session with a peer that says nothing"))
}
