//! Reads the trailers of an answer, which repeat the credential.

use crate::raw::Raw;
use crate::scene::{Said, Scene, seen, whole};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    seen(&whole(&Raw::get(&scene.at("/v1/trailer")).send()?))
}
