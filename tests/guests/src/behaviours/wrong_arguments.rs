//! Gives a statement too few, too many and wrong arguments. Succeeds where each is refused.

use crate::scene::{Said, Scene, done, echo, got_through, open};
use hallpass_connector::sql::{Argument, Step};

pub(crate) fn run(scene: &Scene<'_>) -> Said {
    let session = open(scene)?;
    let steps = [Step::new("echo"), echo("one").with(Argument::Integer(2)), Step::new("echo").with(Argument::Identifier("x".to_owned()))];
    for (n, step) in steps.iter().enumerate() {
        if session.query(step, 1).is_ok() {
            return Err(got_through(&format!("arguments {n}")));
        }
    }
    done()
}
