//! Has the target make one key after the other: the host must look for each of them in all that comes.

use crate::raw::Raw;
use crate::scene::{Said, Scene};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    loop {
        Raw::post(&scene.at("/keys")).send()?;
    }
}
