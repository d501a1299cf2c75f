//! Reads an answer that repeats the whole request.

use crate::raw::Raw;
use crate::scene::{Said, Scene, seen, whole};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    seen(&whole(&Raw::get(&scene.at("/v1/echo")).send()?))
}
