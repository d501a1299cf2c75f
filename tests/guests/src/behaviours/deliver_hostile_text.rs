//! Hands a secret out under a label that would paint over the holder's terminal.

use crate::scene::{Said, Scene, got_through, secret};
use hallpass_connector::secrets;

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    secrets::deliver(scene.inv, secret(scene)?, "pass\u{1b}[2Jword", &[])?;
    Err(got_through("an escape in a label"))
}
