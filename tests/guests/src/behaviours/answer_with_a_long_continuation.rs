//! Hands back a continuation that is longer than the contract allows, by a byte.

use crate::scene::{Said, Scene};
use hallpass_connector::grants::Outcome;

#[expect(clippy::unnecessary_wraps, reason = "every behaviour has one signature")]
pub(crate) fn run(_: &Scene<'_>) -> Said {
    Ok(Outcome::Pending("x".repeat(16 * 1024 + 1)))
}
