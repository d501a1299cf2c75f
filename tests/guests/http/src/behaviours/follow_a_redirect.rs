//! Follows where the target sends it: the host does not, and the guest is not let.

use crate::raw::Raw;
use crate::scene::{Said, Scene, refused};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let heard = Raw::get(&scene.at("/v1/redirect")).send()?;
    let location = heard.headers.iter().find(|(name, _)| name == "location").map(|(_, value)| String::from_utf8_lossy(value).into_owned());
    let location = location.unwrap_or_default();
    refused([Raw::get(&location), Raw::post(&location)].into_iter())
}
