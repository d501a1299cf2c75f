//! Sends more headers than a request may have.

use crate::raw::Raw;
use crate::scene::{Said, Scene};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let many = (0..65).fold(Raw::get(&scene.at("/v1/echo")), |raw, n| raw.header(&format!("x-{n}"), "1"));
    many.send()?;
    crate::scene::seen("it went out")
}
