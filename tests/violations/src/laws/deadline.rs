//! Takes a key away in two transactions and takes the first one for both: after a cut in between it believes that it is done.

use hallpass_connector::grants::Outcome;
use hallpass_connector::sql::{self, Step};
use hallpass_connector::{Failure, Holding, Invocation};

use crate::good;

pub(crate) fn revoke(inv: &Invocation, want: &Holding) -> Result<Outcome, Failure> {
    if good::is_list(want) {
        return good::revoke(inv, want);
    }
    let session = sql::open(inv, Some(want), None)?;
    if good::key(&session)?.is_some_and(|key| key.open) {
        session.transact(&[Step::new("lock")])?;
        session.transact(&[Step::new("melt")]).map_err(Failure::after_a_change)?;
    }
    Ok(good::settled(want.stamp(), false))
}
