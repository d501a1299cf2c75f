//! Asks for the password that the host logs in with.

use crate::scene::{Said, Scene, got_through};
use hallpass_connector::secrets;

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    secrets::named(scene.inv, "password")?;
    Err(got_through("a handle to the target's own secret"))
}
