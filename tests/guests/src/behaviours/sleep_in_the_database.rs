//! Waits in the database, past any deadline.

use crate::scene::{Said, Scene, got_through, open};
use hallpass_connector::sql::Step;

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    open(scene)?.transact(&[Step::new("sleep")])?;
    Err(got_through("ten minutes"))
}
