//! Asks a server that takes the request and never answers: a call of the host that does not return.

use crate::raw::Raw;
use crate::scene::{Said, Scene, got_through};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    Raw::get(&scene.at("/v1/silent")).send()?;
    Err(got_through("who never answers answered"))
}
