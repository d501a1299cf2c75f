//! Melts a key without looking whether there is one: what is gone already is an error.

use hallpass_connector::grants::Outcome;
use hallpass_connector::sql::{self, Step};
use hallpass_connector::{Failure, Holding, Invocation};

use crate::good;

pub(crate) fn revoke(inv: &Invocation, want: &Holding) -> Result<Outcome, Failure> {
    if good::is_list(want) {
        return good::revoke(inv, want);
    }
    sql::open(inv, Some(want), None)?.transact(&[Step::new("melt")])?;
    Ok(good::settled(want.stamp(), false))
}
