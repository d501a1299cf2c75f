//! Makes secrets and drops the handle to each: no handle is left, and the host still has the secrets.

use crate::scene::{Said, Scene, got_through, secret};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    for _ in 0..1_000_000 {
        drop(secret(scene)?);
    }
    Err(got_through("1000000 secrets"))
}
