//! Hides why it failed.

use hallpass_connector::grants::Outcome;
use hallpass_connector::{Failure, Holding, Invocation};

use crate::good;

pub(crate) fn apply(inv: &Invocation, want: &Holding) -> Result<Outcome, Failure> {
    good::apply(inv, want).map_err(|failure| Failure::internal("failed", "it did not work").leaving(failure.effect))
}
