//! Has a target of its own kind call a megabyte a key.

use crate::raw::Raw;
use crate::scene::{Said, Scene, seen};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let heard = Raw::post(&scene.at("/keys")).header("x-size", "huge").send()?;
    seen(&format!("{} bytes", heard.body.len()))
}
