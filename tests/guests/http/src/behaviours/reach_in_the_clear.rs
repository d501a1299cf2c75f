//! Asks for a destination that is to be spoken to in TLS without it, and by schemes that are none of HTTP.

use crate::raw::Raw;
use crate::scene::{Said, Scene, refused};

pub(crate) fn run(_: &Scene<'_>) -> Said {
    let urls = ["http://elsewhere.example/v1/x", "http://elsewhere.example:443/v1/x", "ftp://elsewhere.example/v1/x", "file:///etc/passwd", "unix:///run/x"];
    refused(urls.iter().map(|url| Raw::get(url)))
}
