//! Hands out two secrets in one call.

use crate::scene::{Said, Scene, got_through, secret};
use hallpass_connector::{Attribute, secrets};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let public = [Attribute { name: "user".to_owned(), value: "somebody".to_owned() }];
    secrets::deliver(scene.inv, secret(scene)?, "first", &public)?;
    secrets::deliver(scene.inv, secret(scene)?, "second", &public)?;
    Err(got_through("a second delivery"))
}
