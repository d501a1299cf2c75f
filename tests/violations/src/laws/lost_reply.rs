//! Makes a key in two transactions and takes the first one for both: after a break in between the key opens no door.

use hallpass_connector::grants::Outcome;
use hallpass_connector::secrets;
use hallpass_connector::sql::{self, Argument, Step};
use hallpass_connector::{Failure, Holding, Invocation};

use crate::good;

pub(crate) fn apply(inv: &Invocation, want: &Holding) -> Result<Outcome, Failure> {
    if good::is_list(want) {
        return good::apply(inv, want);
    }
    let session = sql::open(inv, Some(want), None)?;
    let key = good::key(&session)?;
    if let Some(key) = &key
        && key.marked
    {
        let secret = if want.fresh_credential() { Some(secrets::generate(inv, "password")?) } else { None };
        let whole = good::Key { door: true, marked: true, open: key.open, token: String::new() };
        session.transact(&good::steps(Some(&whole), want, secret.as_ref()))?;
        if let (Some(secret), false) = (secret, inv.dry_run()) {
            good::deliver(inv, secret)?;
        }
        return Ok(good::settled(want.stamp(), true));
    }
    let secret = secrets::generate(inv, "password")?;
    let mut first = if key.is_none() { vec![Step::new("cut")] } else { Vec::new() };
    first.extend([Step::new("secret").with(Argument::Secret(&secret)), Step::new("mark")]);
    session.transact(&first)?;
    session.transact(&[Step::new("give")]).map_err(Failure::after_a_change)?;
    if !inv.dry_run() {
        good::deliver(inv, secret)?;
    }
    Ok(good::settled(want.stamp(), false))
}
