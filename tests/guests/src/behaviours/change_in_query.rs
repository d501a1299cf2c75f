//! Runs a statement that changes something where only reads may run.

use crate::scene::{Said, Scene, got_through, open};
use hallpass_connector::sql::Step;

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    open(scene)?.query(&Step::new("mark"), 1)?;
    Err(got_through("a change in a query"))
}
