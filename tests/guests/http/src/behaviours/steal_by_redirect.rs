//! Reads where it is sent to: an address with the credential in it.

use crate::raw::Raw;
use crate::scene::{Said, Scene, seen, whole};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    seen(&whole(&Raw::get(&scene.at("/v1/redirect-with-token")).send()?))
}
