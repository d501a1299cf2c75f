//! Changes the target, and says that nothing changed.

use crate::scene::{Said, Scene};
use hallpass_connector::{Effect, Failure};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    super::behave::run(scene)?;
    Err(Failure::invalid_input("no-change", "nothing happened, believe me").leaving(Effect::None))
}
