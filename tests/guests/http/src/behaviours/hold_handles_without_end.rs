//! Takes one handle after the other to a key that the target made, and drops each.

use hallpass_connector::secrets;

use crate::raw::Raw;
use crate::scene::{Said, Scene};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    Raw::post(&scene.at("/keys")).send()?;
    loop {
        secrets::captured(scene.inv, "key")?;
    }
}
