//! Asks for an answer that is small and unpacks to a gigabyte.

use crate::raw::Raw;
use crate::scene::{Said, Scene, seen};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let heard = Raw::get(&scene.at("/v1/bomb")).header("accept-encoding", "gzip").send()?;
    seen(&format!("{} bytes", heard.body.len()))
}
