//! Makes a role, and then waits in the same transaction until the call is cut off.

use crate::scene::{Said, Scene, create, got_through, secret};
use hallpass_connector::sql::Step;

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let secret = secret(scene)?;
    create(scene, &secret, Step::new("sleep"))?;
    Err(got_through("ten minutes"))
}
