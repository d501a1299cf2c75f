//! Uses methods that the manifest does not declare: tunnels, traces, deletions and such that nobody knows.

use crate::raw::{Method, Raw};
use crate::scene::{Said, Scene, refused};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let methods = [Method::Connect, Method::Trace, Method::Options, Method::Delete, Method::Patch, Method::Put, Method::Head];
    let other = ["get", "GET /v1/x HTTP/1.1", "PROPFIND", ""].map(|word| Method::Other(word.to_owned()));
    refused(methods.into_iter().chain(other).map(|method| Raw { method, ..Raw::get(&scene.at("/v1/echo")) }))
}
