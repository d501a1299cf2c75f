//! Says that the access is gone, and leaves it: `apply` works, `revoke` only talks.

use crate::scene::{Said, Scene, done};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    if scene.revoking { done() } else { super::behave::run(scene) }
}
