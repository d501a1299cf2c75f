//! Asks to be tried again in a thousand years.

use crate::scene::{Said, Scene};
use hallpass_connector::Failure;

pub(crate) fn run(_: &Scene<'_>) -> Said {
    Err(Failure { retry_after_ms: Some(u64::MAX), ..Failure::unavailable("later", "much later") })
}
