//! Sends a header that is longer than all headers of a request together may be.

use crate::raw::Raw;
use crate::scene::{Said, Scene};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    Raw::get(&scene.at("/v1/echo")).header("x-long", &"x".repeat(20 * 1024)).send()?;
    crate::scene::seen("it went out")
}
