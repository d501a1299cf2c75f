//! Puts a secret into a slot of a statement that returns what it was given.

use crate::scene::{Said, Scene, got_through, open, secret};
use hallpass_connector::sql::{Argument, Step};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let secret = secret(scene)?;
    open(scene)?.query(&Step::new("echo").with(Argument::Secret(&secret)), 1)?;
    Err(got_through("a secret in a result"))
}
