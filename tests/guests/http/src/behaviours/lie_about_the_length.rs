//! Says of its body that it is longer or shorter than it is.

use crate::raw::Raw;
use crate::scene::{Said, Scene, got_through};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    for said in ["7", "0", "-1", "+3", "3, 3", "99999999999999999999", "0x3"] {
        let request = Raw::post(&scene.at("/v1/echo")).header("content-length", said);
        if request.send().is_ok_and(|heard| heard.status == 200 && said != "0") {
            return Err(got_through(&format!("a body of nothing went out as {said} bytes")));
        }
    }
    Err(hallpass_connector::Failure::forbidden("refused", "no length but the true one goes out"))
}
