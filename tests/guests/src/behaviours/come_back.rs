//! Is not done at once: makes the role in its first call, marks it in its third, and keeps between them nothing but what the contract
//! gives back to it.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::scene::{Said, Scene, done, got_through, open, secret};
use hallpass_connector::grants::Outcome;
use hallpass_connector::sql::{Argument, Step};

/// Whether this instance was called before.
static CALLED: AtomicBool = AtomicBool::new(false);

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    if CALLED.swap(true, Ordering::Relaxed) {
        return Err(got_through("an instance that outlived its call"));
    }
    if scene.revoking {
        open(scene)?.transact(&[Step::new("drop")])?;
        return done();
    }
    match scene.continuation.as_deref() {
        None => {
            let secret = secret(scene)?;
            open(scene)?.transact(&[Step::new("create").with(Argument::Secret(&secret))])?;
            Ok(Outcome::Pending("made".to_owned()))
        }
        Some("made") => Ok(Outcome::Pending("waited".to_owned())),
        Some("waited") => {
            open(scene)?.transact(&[Step::new("mark")])?;
            done()
        }
        Some(other) => Err(got_through(&format!("a continuation that is not its own: {other}"))),
    }
}
