//! Asks a server that goes on announcing an answer and never gives it.

use crate::raw::Raw;
use crate::scene::{Said, Scene, got_through};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    Raw::get(&scene.at("/v1/hints")).send()?;
    Err(got_through("who never answers answered"))
}
