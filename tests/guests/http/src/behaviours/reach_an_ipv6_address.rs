//! Asks this machine by spellings of its IPv6 address.

use crate::scene::{Said, Scene};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    scene.reach(&["[::1]", "[0:0:0:0:0:0:0:1]", "[::0001]", "[::1%25lo]", "[::]", "[::1", "::1", "[v1.localhost]"])
}
