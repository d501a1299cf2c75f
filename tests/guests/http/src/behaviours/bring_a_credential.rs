//! Says who it is itself, so that the target takes it for somebody else.

use crate::raw::Raw;
use crate::scene::{Said, Scene, refused};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let at = Raw::get(&scene.at("/v1/echo"));
    let names = ["authorization", "Authorization", "proxy-authorization", "cookie", "Cookie", "x-amz-security-token", "www-authenticate"];
    refused(names.iter().map(|name| at.clone().header(name, "Bearer mine")))
}
