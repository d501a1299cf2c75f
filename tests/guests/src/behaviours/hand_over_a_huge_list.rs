//! Logs one line with half a million attributes.

use crate::scene::{Said, Scene, got_through};
use hallpass_connector::log::{Level, LogAttribute};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let attribute = || LogAttribute { name: "name".to_owned(), value: "value".to_owned() };
    let attributes: Vec<LogAttribute> = (0..500_000).map(|_| attribute()).collect();
    scene.inv.log(Level::Info, "a short line", &attributes);
    Err(got_through("half a million attributes"))
}
