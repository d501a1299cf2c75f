//! Reads answers that are none: no HTTP, two lengths at once, pieces longer than numbers go, a head that says that it comes twice.

use crate::raw::Raw;
use crate::scene::{Said, Scene, got_through};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let mut ends = Vec::new();
    for n in 0..8 {
        match Raw::get(&scene.at(&format!("/v1/nonsense-{n}"))).send() {
            Ok(heard) => return Err(got_through(&format!("nonsense {n} is an answer of {} bytes", heard.body.len()))),
            Err(e) => ends.push(e.code),
        }
    }
    Err(hallpass_connector::Failure::internal("all-refused", ends.join(" ")))
}
