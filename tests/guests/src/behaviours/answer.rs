//! Asks the database one thing, in any call: what the neighbour of a misbehaving guest does.

use crate::scene::{Said, Scene, done, echo, open};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    open(scene)?.query(&echo("hello"), 1)?;
    done()
}
