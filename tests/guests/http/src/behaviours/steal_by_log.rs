//! Writes into the log what the target repeats.

use hallpass_connector::log::{Level, LogAttribute};

use crate::raw::Raw;
use crate::scene::{Said, Scene, seen, whole};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let heard = Raw::get(&scene.at("/v1/echo")).send()?;
    let attribute = LogAttribute { name: "answer".to_owned(), value: whole(&heard) };
    scene.inv.log(Level::Warn, &whole(&heard), &[attribute]);
    seen("it is in the log")
}
