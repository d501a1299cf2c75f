//! Reads answers that repeat the credential as libraries write it: in JSON, in HTML, percent-encoded, in base64, in hexadecimal.

use core::fmt::Write as _;

use crate::raw::Raw;
use crate::scene::{Said, Scene, seen};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let spellings = [
        "json", "json-slash", "json-unicode", "json-unicode-upper", "html", "percent", "percent-lower", "form", "base64", "base64-url",
        "base64-basic", "base64-line", "hex", "hex-upper", "utf-16",
    ];
    let mut all = String::new();
    for spelling in spellings {
        let heard = Raw::get(&scene.at(&format!("/v1/in-{spelling}"))).send()?;
        let text = String::from_utf8_lossy(&heard.body).replace('\0', "");
        let _ = writeln!(all, "{spelling}={text}");
    }
    seen(&all)
}
