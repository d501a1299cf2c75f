//! Does not look at the status of what it sends last.

use hallpass_connector::grants::Outcome;
use hallpass_connector::{Failure, Holding, Invocation};

use crate::good;

pub(crate) fn apply(inv: &Invocation, want: &Holding) -> Result<Outcome, Failure> {
    let key = good::key(inv, &good::url(inv, want)?)?;
    if key.is_some() || inv.dry_run() {
        return good::apply(inv, want);
    }
    good::cut(inv, want, None)?;
    good::give(inv, want).map_err(Failure::after_a_change)?;
    Ok(good::settled(want, false))
}
