//! Opens a database that nobody approved.

use crate::scene::{Said, Scene, got_through};
use hallpass_connector::sql;

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    sql::open(scene.inv, scene.want, Some("template1"))?;
    Err(got_through("another database"))
}
