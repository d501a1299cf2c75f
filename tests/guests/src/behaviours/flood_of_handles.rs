//! Makes secrets and keeps a handle to each.

use crate::scene::{Said, Scene, got_through, secret};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let kept = (0..1_000_000).map(|_| secret(scene)).collect::<Result<Vec<_>, _>>()?;
    Err(got_through(&format!("{} handles", kept.len())))
}
