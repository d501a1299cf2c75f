//! Does what it should: the yardstick of the others.

use crate::scene::{Said, Scene, create, done, secret};
use hallpass_connector::secrets;
use hallpass_connector::sql::Step;

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let secret = secret(scene)?;
    create(scene, &secret, Step::new("mark"))?;
    secrets::deliver(scene.inv, secret, "password", &[])?;
    done()
}
