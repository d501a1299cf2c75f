//! Tries values that would end a literal, if nobody quoted them. Succeeds where each comes back as it went.

use crate::scene::{Said, Scene, done, echo, got_through, open};
use hallpass_connector::sql::Value;

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let session = open(scene)?;
    for text in ["'", "'; DROP ROLE x; --", "\\'", "E'\\x27'", "{stamp}", "$1", "$$", "\u{2019}", "\n", "/*", "\u{feff}"] {
        let page = session.query(&echo(text), 1)?;
        match page.record().map(|row| row.value("anything").cloned()) {
            Some(Ok(Value::Text(back))) if back == text => {}
            _ => return Err(got_through(text)),
        }
    }
    match session.query(&echo("before\0after"), 1) {
        Err(_) => done(),
        Ok(_) => Err(got_through("NUL")),
    }
}
