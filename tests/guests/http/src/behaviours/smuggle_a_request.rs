//! Frames a request in two ways at once, so that two servers in a row disagree on where it ends.

use crate::raw::Raw;
use crate::scene::{Said, Scene, refused};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let at = Raw::post(&scene.at("/v1/echo"));
    let framings: [&[(&str, &str)]; 9] = [
        &[("transfer-encoding", "chunked")],
        &[("Transfer-Encoding", " chunked")],
        &[("connection", "keep-alive")],
        &[("upgrade", "h2c")],
        &[("http2-settings", "AAMAAABkAAQAAP__")],
        &[("trailer", "x-late")],
        &[("keep-alive", "timeout=600")],
        &[("content-length", "5"), ("transfer-encoding", "chunked")],
        &[("te", "trailers"), ("connection", "te")],
    ];
    refused(framings.iter().map(|framing| framing.iter().fold(at.clone(), |raw, (name, value)| raw.header(name, value))))
}
