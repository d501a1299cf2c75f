//! Asks and reads no answer, again and again.

use crate::raw::{Raw, wait};
use crate::scene::{Said, Scene};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let mut kept = Vec::new();
    loop {
        kept.push(wait(&Raw::get(&scene.at("/v1/long")).begin()?)?);
    }
}
