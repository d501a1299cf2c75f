//! Settles and says that half a million things were replaced.

use crate::scene::{Said, Scene};
use hallpass_connector::grants::{Outcome, Settled};

#[expect(clippy::unnecessary_wraps, reason = "every behaviour has one signature")]
pub(crate) fn run(_: &Scene<'_>) -> Said {
    let replaced = (0..500_000).map(|n: u32| n.to_string()).collect();
    Ok(Outcome::Settled(Settled { locator: "guest".to_owned(), already: false, replaced }))
}
