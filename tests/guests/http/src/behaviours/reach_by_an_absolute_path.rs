//! Asks the target for a path that is an address of its own, which a proxy would follow.

use crate::raw::Raw;
use crate::scene::{Said, Scene, refused};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let port = scene.forbidden_port();
    let paths = [
        format!("http://127.0.0.1:{port}/v1/treasure"),
        format!("//127.0.0.1:{port}/v1/treasure"),
        format!("/http://127.0.0.1:{port}/v1/treasure"),
        format!("127.0.0.1:{port}"),
        format!("@127.0.0.1:{port}/v1/treasure"),
        "*".to_owned(),
    ];
    refused(paths.into_iter().map(|path| Raw { path, ..Raw::get(&scene.at("/")) }))
}
