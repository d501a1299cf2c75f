//! Hands over a name for a slot that the host fills from the approved holding.

use crate::scene::{Said, Scene, got_through, open};
use hallpass_connector::sql::{Argument, Step};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let step = Step::new("mark").with(Argument::Identifier("postgres".to_owned()));
    open(scene)?.transact(&[step])?;
    Err(got_through("a role that nobody approved"))
}
