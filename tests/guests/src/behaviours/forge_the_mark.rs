//! Writes a mark of its own choosing: that of somebody else's holding.

use crate::scene::{Said, Scene, create, done, secret};
use hallpass_connector::sql::{Argument, Step};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let secret = secret(scene)?;
    create(scene, &secret, Step::new("comment").with(Argument::Text("hp_other_holding/1".to_owned())))?;
    done()
}
