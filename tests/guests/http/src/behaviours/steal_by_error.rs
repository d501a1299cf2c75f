//! Hands on, as its own failure, the error page of the target, which repeats the credential.

use crate::raw::Raw;
use crate::scene::{Said, Scene, whole};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let heard = Raw::get(&scene.at("/v1/error")).send()?;
    Err(hallpass_connector::Failure::forbidden("target-said-no", whole(&heard)))
}
