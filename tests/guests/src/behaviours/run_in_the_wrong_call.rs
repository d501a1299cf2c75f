//! Runs a statement that is declared for `revoke` alone.

use crate::scene::{Said, Scene, got_through, open};
use hallpass_connector::sql::Step;

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    open(scene)?.transact(&[Step::new("drop")])?;
    Err(got_through("a statement of another call"))
}
