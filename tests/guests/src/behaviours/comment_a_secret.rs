//! Puts a secret into a slot for text of a statement that changes something.

use crate::scene::{Said, Scene, got_through, open, secret};
use hallpass_connector::sql::{Argument, Step};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let secret = secret(scene)?;
    open(scene)?.transact(&[Step::new("comment").with(Argument::Secret(&secret))])?;
    Err(got_through("a secret in a comment"))
}
