//! Makes the role and leaves it without its mark.

use crate::scene::{Said, Scene, done, open, secret};
use hallpass_connector::sql::{Argument, Step};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let secret = secret(scene)?;
    open(scene)?.transact(&[Step::new("create").with(Argument::Secret(&secret))])?;
    done()
}
