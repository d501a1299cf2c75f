//! Trusts the target to make sense.

use hallpass_connector::grants::Outcome;
use hallpass_connector::sql::{self, Step};
use hallpass_connector::{Failure, Holding, Invocation};

use crate::good;

pub(crate) fn apply(inv: &Invocation, want: &Holding) -> Result<Outcome, Failure> {
    if good::is_list(want) {
        let page = sql::open(inv, Some(want), None)?.query(&Step::new("member"), 1)?;
        if let Some(row) = page.record() {
            assert!(row.boolean("member").unwrap());
        }
    }
    good::apply(inv, want)
}
