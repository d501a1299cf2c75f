//! Writes a line end into the path, as it is and encoded.

use crate::raw::Raw;
use crate::scene::{Said, Scene, refused};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let paths = [
        "/v1/a HTTP/1.1\r\nx-smuggled: 1\r\n\r\n",
        "/v1/a\r\nx-smuggled: 1",
        "/v1/a\nb",
        "/v1/a b",
        "/v1/a\tb",
        "/v1/a%0d%0ax-smuggled:%201",
        "/v1/a%0Ab",
        "/v1/a%00b",
        "/v1/a%ff",
        "/v1/a%",
        "/v1/a%zz",
    ];
    refused(paths.iter().map(|path| Raw { path: (*path).to_owned(), ..Raw::get(&scene.at("/")) }))
}
