//! Changes something while it is asked to look.

use crate::scene::{Said, Scene, got_through, open};
use hallpass_connector::sql::Step;

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    open(scene)?.transact(&[Step::new("observed")])?;
    Err(got_through("a change in observe"))
}
