//! Asks what is on the same wire.

use crate::scene::{Said, Scene};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    scene.reach(&["169.254.1.1", "[fe80::1]", "[fe80::1%25eth0]"])
}
