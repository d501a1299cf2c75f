//! Has a request that may be made mean another one.

use crate::raw::Raw;
use crate::scene::{Said, Scene, refused};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let at = Raw::get(&scene.at("/v1/echo"));
    let headers = [
        ("x-http-method-override", "DELETE"),
        ("X-HTTP-Method", "DELETE"),
        ("x-method-override", "DELETE"),
        ("x-original-url", "/admin"),
        ("x-rewrite-url", "/admin"),
    ];
    let by_header = headers.iter().map(|(name, value)| at.clone().header(name, value));
    refused(by_header.chain([Raw::get(&scene.at("/v1/echo?_method=DELETE"))]))
}
