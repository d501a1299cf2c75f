//! Asks this machine by an address that is one number.

use crate::scene::{Said, Scene};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    scene.reach(&["2130706433", "2130706433.", "127.0.0.257", "4294967297"])
}
