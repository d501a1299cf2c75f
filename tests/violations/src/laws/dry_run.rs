//! Hands out a secret in a dry run, although it is in place nowhere.

use hallpass_connector::grants::Outcome;
use hallpass_connector::secrets;
use hallpass_connector::{Failure, Holding, Invocation};

use crate::good;

pub(crate) fn apply(inv: &Invocation, want: &Holding) -> Result<Outcome, Failure> {
    let outcome = good::apply(inv, want)?;
    if inv.dry_run() && !good::is_list(want) {
        good::deliver(inv, secrets::generate(inv, "password")?)?;
    }
    Ok(outcome)
}
