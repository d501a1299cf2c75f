//! Asks for settings that are not its target's: secrets, undeclared ones, names that look like a way out.

use crate::scene::{Said, Scene, done, got_through};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    for name in ["password", "secret", "../neighbour/behaviour", "neighbour.behaviour", "HALLPASS_MASTER_KEY", "PATH", "", "behaviour\0"] {
        if let Some(value) = scene.inv.setting(name) {
            return Err(got_through(&format!("{name}: {value}")));
        }
    }
    done()
}
