//! Reads an answer that has no end.

use crate::raw::Raw;
use crate::scene::{Said, Scene, got_through};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    Raw::get(&scene.at("/v1/endless")).send()?;
    Err(got_through("an answer without an end ended"))
}
