//! Changes the password on every call.

use hallpass_connector::grants::Outcome;
use hallpass_connector::secrets;
use hallpass_connector::sql::{self, Argument, Step};
use hallpass_connector::{Failure, Holding, Invocation};

use crate::good;

pub(crate) fn apply(inv: &Invocation, want: &Holding) -> Result<Outcome, Failure> {
    let there = !good::is_list(want) && good::key(&sql::open(inv, Some(want), None)?)?.is_some();
    let outcome = good::apply(inv, want)?;
    if there && !want.fresh_credential() && !inv.dry_run() {
        let secret = secrets::generate(inv, "password")?;
        sql::open(inv, Some(want), None)?.transact(&[Step::new("secret").with(Argument::Secret(&secret))])?;
        good::deliver(inv, secret)?;
    }
    Ok(outcome)
}
