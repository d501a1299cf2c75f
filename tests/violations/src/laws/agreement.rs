//! Says that it is done and does nothing; sees what was asked for instead of what is there.

use hallpass_connector::grants::{Mark, Observation, Outcome, Presence};
use hallpass_connector::{Failure, Holding, Invocation};

use crate::good;

#[expect(clippy::unnecessary_wraps, reason = "the signature of every apply")]
pub(crate) fn apply(_: &Invocation, want: &Holding) -> Result<Outcome, Failure> {
    Ok(good::settled(want.stamp(), false))
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of every observe")]
pub(crate) fn observe(_: &Invocation, want: &Holding) -> Result<Observation, Failure> {
    let presence = if want.suspended() { Presence::Suspended } else { Presence::Present };
    Ok(good::seen(presence, Mark::Ours))
}
