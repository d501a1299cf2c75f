//! Asks for the other destination of the manifest, wherever an operator, or whoever owns the name, has it lead.

use crate::raw::Raw;
use crate::scene::{Said, Scene, seen, whole};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let at = hallpass_connector::http::base(scene.inv, "elsewhere")?;
    seen(&whole(&Raw::get(&format!("{at}/v1/treasure")).send()?))
}
