//! Reads an answer that stops in the middle and says nothing more.

use crate::raw::Raw;
use crate::scene::{Said, Scene, got_through};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    Raw::get(&scene.at("/v1/stall")).send()?;
    Err(got_through("an answer that stopped ended"))
}
