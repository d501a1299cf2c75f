//! Reads an answer that repeats the credential in pieces of one byte each.

use crate::raw::Raw;
use crate::scene::{Said, Scene, seen, whole};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    seen(&whole(&Raw::get(&scene.at("/v1/pieces")).send()?))
}
