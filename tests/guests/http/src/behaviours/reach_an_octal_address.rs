//! Asks this machine by addresses in octal, in hexadecimal and with parts left out.

use crate::scene::{Said, Scene};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    scene.reach(&["0177.0.0.1", "017700000001", "0x7f.1", "0x7f000001", "0X7F.0.0.1", "127.1", "127.0.1", "0", "0.0.0.0", "00.0x0.0"])
}
