//! Adds to a declared request what the manifest does not declare.

use crate::raw::Raw;
use crate::scene::{Said, Scene, refused};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let queries = ["?admin=1", "?a", "?=", "?%61dmin=1", "?;admin=1", "?a=b&c=d"];
    refused(queries.iter().map(|query| Raw { path: format!("/v1/echo{query}"), ..Raw::get(&scene.at("/")) }))
}
