//! Asks the same name again and again, while it comes to lead somewhere else.

use crate::raw::Raw;
use crate::scene::{Said, Scene, got_through};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    // The target closes each connection: every request asks for the name anew.
    let first = Raw::get(&scene.at("/v1/close")).send()?;
    if first.status != 200 {
        return Err(got_through("the name did not lead to the target at first"));
    }
    match Raw::get(&scene.at("/v1/treasure")).send() {
        Ok(heard) => Err(got_through(&format!("the name led elsewhere and answered {}", heard.status))),
        Err(e) => Err(e),
    }
}
