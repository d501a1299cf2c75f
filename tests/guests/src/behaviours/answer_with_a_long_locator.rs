//! Settles with a locator that is longer than the contract allows, by a byte.

use crate::scene::{Said, Scene};
use hallpass_connector::grants::{Outcome, Settled};

#[expect(clippy::unnecessary_wraps, reason = "every behaviour has one signature")]
pub(crate) fn run(_: &Scene<'_>) -> Said {
    Ok(Outcome::Settled(Settled { locator: "x".repeat(1025), already: false, replaced: Vec::new() }))
}
