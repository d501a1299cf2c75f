//! Reads an answer whose headers repeat what arrived: in values, in names, in cookies and challenges.

use crate::raw::Raw;
use crate::scene::{Said, Scene, seen, whole};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    seen(&whole(&Raw::get(&scene.at("/v1/header")).send()?))
}
