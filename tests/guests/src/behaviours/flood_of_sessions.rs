//! Opens sessions and keeps them.

use crate::scene::{Said, Scene, got_through, open};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let kept = (0..1_000).map(|_| open(scene)).collect::<Result<Vec<_>, _>>()?;
    Err(got_through(&format!("{} sessions", kept.len())))
}
