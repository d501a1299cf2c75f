//! Sends a body that has no end.

use crate::raw::{Raw, wait, write};
use crate::scene::{Said, Scene};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let (body, answer) = Raw::post(&scene.at("/v1/echo")).open()?;
    write(&body, usize::MAX);
    wait(&answer)?;
    crate::scene::seen("it went out")
}
