//! Gives a right that no look covers.

use hallpass_connector::grants::Outcome;
use hallpass_connector::sql::{self, Step};
use hallpass_connector::{Failure, Holding, Invocation};

use crate::good;

pub(crate) fn apply(inv: &Invocation, want: &Holding) -> Result<Outcome, Failure> {
    let outcome = good::apply(inv, want)?;
    if !good::is_list(want) {
        sql::open(inv, Some(want), None)?.transact(&[Step::new("note")]).map_err(Failure::after_a_change)?;
    }
    Ok(outcome)
}
