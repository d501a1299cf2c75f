//! Asks for an answer that is packed by its framing, not by its coding: nobody could see what is in it.

use crate::raw::Raw;
use crate::scene::{Said, Scene, seen};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let heard = Raw::get(&scene.at("/v1/packed")).send()?;
    seen(&format!("{} bytes", heard.body.len()))
}
