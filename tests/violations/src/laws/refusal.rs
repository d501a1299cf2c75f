//! Hides why it failed, calls a refusal done, or takes what it may not see for absent.

use hallpass_connector::grants::{Mark, Observation, Outcome, Presence};
use hallpass_connector::{Failure, Holding, Invocation};

use crate::good;

/// Every failure is one of its own.
pub(crate) fn apply(inv: &Invocation, want: &Holding) -> Result<Outcome, Failure> {
    good::apply(inv, want).map_err(|failure| Failure::internal("failed", "it did not work").leaving(failure.effect))
}

/// Every failure is a success.
#[expect(clippy::unnecessary_wraps, reason = "the signature of every apply")]
pub(crate) fn claim(inv: &Invocation, want: &Holding) -> Result<Outcome, Failure> {
    let locator = if good::is_list(want) { want.resource() } else { want.stamp() };
    Ok(good::apply(inv, want).unwrap_or_else(|_| good::settled(locator, false)))
}

/// What cannot be seen is not there.
#[expect(clippy::unnecessary_wraps, reason = "the signature of every observe")]
pub(crate) fn observe(inv: &Invocation, want: &Holding) -> Result<Observation, Failure> {
    Ok(good::observe(inv, want).unwrap_or_else(|_| good::seen(Presence::Absent, Mark::Unmarked)))
}
