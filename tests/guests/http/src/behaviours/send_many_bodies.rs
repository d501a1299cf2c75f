//! Begins many requests and fills the body of each nearly up, without ending any: what one call may send, many times over.

use crate::raw::{Raw, write};
use crate::scene::{Said, Scene, got_through};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let mut taken = 0;
    let mut kept = Vec::new();
    for _ in 0..40 {
        let Ok((body, answer)) = Raw::post(&scene.at("/v1/echo")).open() else { break };
        // Half of what a call may send.
        taken += write(&body, 512 * 1024);
        kept.push((body, answer));
    }
    // What the host took: its bound, and what is on its way into each body.
    if taken > 4 * 1024 * 1024 {
        return Err(got_through(&format!("the host holds {taken} bytes")));
    }
    let failed = kept.iter().find_map(|(_, answer)| match answer.get() {
        Some(Ok(Err(e))) => Some(format!("{e:?}")),
        _ => None,
    });
    Err(hallpass_connector::Failure::internal("over-limit", failed.unwrap_or_else(|| "the bodies fit".to_owned())))
}
