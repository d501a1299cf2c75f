//! Asks for settings that are not its target's: those of another target of this very connector, which holds a canary, secrets, undeclared
//! ones, names that look like a way out.

use crate::scene::{Said, Scene, done, got_through};

const DECLARED: [&str; 6] = ["host", "port", "user", "database", "tls", "behaviour"];

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    for name in ["password", "secret", "../neighbour/behaviour", "neighbour.behaviour", "HALLPASS_MASTER_KEY", "PATH", "", "behaviour\0"] {
        if let Some(value) = scene.inv.setting(name) {
            return Err(got_through(&format!("{name}: {value}")));
        }
    }
    for name in DECLARED {
        let spelled = ["{}", "another-target/{}", "another-target.{}", "../another-target/{}", "{}@another-target", "another-target\0{}"];
        for name in spelled.map(|spelling| spelling.replace("{}", name)) {
            match scene.inv.setting(&name) {
                Some(value) if value.contains("canary") => return Err(got_through(&format!("{name}: {value}"))),
                Some(value) if !DECLARED.contains(&name.as_str()) => return Err(got_through(&format!("{name}: {value}"))),
                _ => {}
            }
        }
    }
    done()
}
