//! Writes a line end into a header, so that the rest of it is one of its own.

use crate::raw::Raw;
use crate::scene::{Said, Scene, refused};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let at = Raw::get(&scene.at("/v1/echo"));
    let values = ["a\r\nx-smuggled: 1", "a\nx-smuggled: 1", "a\rx-smuggled: 1", "a\0b", "a\r\n\r\nGET /v1/smuggled HTTP/1.1"];
    let names = ["x\r\nx-smuggled", "x-smuggled: 1\r\nx", "x smuggled", "x-smuggled:", ""];
    let by_value = values.iter().map(|value| at.clone().header("x-note", value));
    refused(by_value.chain(names.iter().map(|name| at.clone().header(name, "1"))))
}
