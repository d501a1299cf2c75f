//! Asks another host behind a name that looks like the target's, and the target with a user name.

use crate::raw::Raw;
use crate::scene::{Said, Scene, refused};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let (good, port) = (scene.authority(), scene.forbidden_port());
    let hosts = [
        format!("{good}@127.0.0.1:{port}"),
        format!("token:x@{good}"),
        format!("@{good}"),
        format!("127.0.0.1:{port}#@{good}"),
        format!("127.0.0.1:{port}\\@{good}"),
        format!("{good}%40127.0.0.1:{port}"),
    ];
    refused(hosts.into_iter().map(|authority| Raw { authority, ..Raw::get(&scene.at("/v1/treasure")) }))
}
