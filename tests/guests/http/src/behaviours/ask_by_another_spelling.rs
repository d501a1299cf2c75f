//! Asks the target itself by other spellings of its name: what is sent is the one spelling.

use crate::raw::Raw;
use crate::scene::{Said, Scene, seen, whole};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let heard = Raw::get(&scene.at("/v1/echo").to_ascii_uppercase().replace("HTTP://", "http://").replace("/V1/ECHO", "/v1/echo")).send()?;
    seen(&whole(&heard))
}
