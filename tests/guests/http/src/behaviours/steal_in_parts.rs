//! Asks for parts of an answer that repeats the credential: no part has the whole of it.

use crate::raw::Raw;
use crate::scene::{Said, Scene, refused};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let at = Raw::get(&scene.at("/v1/echo"));
    let headers = [("range", "bytes=0-9"), ("Range", "bytes=10-"), ("if-range", "x"), ("request-range", "bytes=0-9")];
    refused(headers.iter().map(|(name, value)| at.clone().header(name, value)))
}
