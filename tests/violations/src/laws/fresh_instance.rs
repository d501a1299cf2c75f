//! Names what it made after the time that is left.

use hallpass_connector::grants::Outcome;
use hallpass_connector::{Failure, Holding, Invocation};

use crate::good;

pub(crate) fn apply(inv: &Invocation, want: &Holding) -> Result<Outcome, Failure> {
    good::apply(inv, want)?;
    Ok(good::settled(format!("{}-{}", want.stamp(), inv.remaining_ms()), false))
}
