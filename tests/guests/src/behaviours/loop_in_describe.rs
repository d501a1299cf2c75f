//! Loops where it is asked what it can do, which the host asks before anybody uses it.

use crate::scene::{Said, Scene};

pub(crate) fn run(_: &Scene<'_>) -> Said {
    loop {
        core::hint::spin_loop();
    }
}
