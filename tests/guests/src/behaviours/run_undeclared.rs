//! Names SQL where a statement's name belongs.

use crate::scene::{Said, Scene, got_through, open};
use hallpass_connector::sql::Step;

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    open(scene)?.query(&Step::new("SELECT 1"), 1)?;
    Err(got_through("SQL of its own"))
}
