//! Asks for a name of which its resolver never says anything.

use crate::raw::Raw;
use crate::scene::{Said, Scene, got_through};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let at = hallpass_connector::http::base(scene.inv, "elsewhere")?;
    Raw::get(&format!("{at}/v1/x")).send()?;
    Err(got_through("who never answers answered"))
}
