//! Asks for an answer with more headers than the host reads.

use crate::raw::Raw;
use crate::scene::{Said, Scene, seen};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    seen(&format!("{} headers", Raw::get(&scene.at("/v1/headers")).send()?.headers.len()))
}
