//! Says as whom the host logs in to its own target, as it may.

use crate::scene::{Said, Scene};
use hallpass_connector::grants::{Outcome, Settled};

#[expect(clippy::unnecessary_wraps, reason = "every behaviour has one signature")]
pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let locator = scene.inv.setting("user").unwrap_or_default();
    Ok(Outcome::Settled(Settled { locator, already: false, replaced: Vec::new() }))
}
