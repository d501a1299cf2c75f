//! Sends one request after the other.

use crate::raw::Raw;
use crate::scene::{Said, Scene};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    loop {
        Raw::get(&scene.at("/v1/echo")).send()?;
    }
}
