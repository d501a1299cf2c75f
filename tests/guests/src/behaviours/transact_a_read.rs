//! Runs a change that its manifest calls a read, where changes run.

use crate::scene::{Said, Scene, got_through, open};
use hallpass_connector::sql::Step;

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    open(scene)?.transact(&[Step::new("lie")])?;
    Err(got_through("a change that was declared as a read"))
}
