//! Asks this machine by IPv6 addresses with an IPv4 address inside.

use crate::scene::{Said, Scene};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    scene.reach(&[
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[::ffff:0:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[2a00:1450::5efe:7f00:1]",
    ])
}
