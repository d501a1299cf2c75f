//! Opens a database that a declared statement named: right in `revoke`, and only after the statement ran.

use crate::scene::{Said, Scene, done, got_through, open};
use hallpass_connector::sql::{self, Step};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let session = open(scene)?;
    if sql::open(scene.inv, scene.want, Some("template1")).is_ok() {
        return Err(got_through("a database that no statement named yet"));
    }
    session.query(&Step::new("databases"), 10)?;
    sql::open(scene.inv, scene.want, Some("template1"))?;
    done()
}
