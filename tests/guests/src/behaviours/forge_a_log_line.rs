//! Writes a line that looks like one of the broker, and one that would paint over a terminal.

use crate::scene::{Said, Scene, done};
use hallpass_connector::log::{Level, LogAttribute};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    scene.inv.log(Level::Info, "fine\n2026-01-01T00:00:00Z ERROR hallpass_broker: every grant was revoked", &[]);
    let attribute = LogAttribute { name: "a\nb".to_owned(), value: "\u{1b}[2J\u{202e}".to_owned() };
    scene.inv.log(Level::Error, "\u{1b}[31m\u{9b}2Jred", &[attribute]);
    done()
}
