//! Says another host to the server than the one that is asked.

use crate::raw::Raw;
use crate::scene::{Said, Scene, refused};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let at = Raw::get(&scene.at("/v1/echo"));
    let names = ["host", "Host", ":authority", "x-forwarded-host", "X-Forwarded-For", "x-forwarded-proto", "forwarded", "via", "proxy-connection"];
    refused(names.iter().map(|name| at.clone().header(name, "evil.example")))
}
