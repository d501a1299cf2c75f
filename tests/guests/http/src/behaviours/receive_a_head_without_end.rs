//! Asks for an answer whose head goes on for ever.

use crate::raw::Raw;
use crate::scene::{Said, Scene, got_through};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    Raw::get(&scene.at("/v1/head")).send()?;
    Err(got_through("a head without an end ended"))
}
