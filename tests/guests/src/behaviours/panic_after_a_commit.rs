//! Changes the target, and traps before it can say so.

use crate::scene::{Said, Scene};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    super::behave::run(scene)?;
    panic!("a guest gave up with its work half done")
}
