//! Reads a value of a type that is in no closed list.

use crate::scene::{Said, Scene, got_through, open};
use hallpass_connector::sql::Step;

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    open(scene)?.query(&Step::new("strange"), 1)?;
    Err(got_through("a point"))
}
