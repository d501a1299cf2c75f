//! Makes a key in two transactions and melts it where one fails: after a trap in between, a key that opens no door is taken for a whole one.

use hallpass_connector::grants::Outcome;
use hallpass_connector::sql::{self, Step};
use hallpass_connector::{Effect, Failure, Holding, Invocation};

use crate::good;

pub(crate) fn apply(inv: &Invocation, want: &Holding) -> Result<Outcome, Failure> {
    super::lost_reply::apply(inv, want).map_err(|failure| {
        let melted = || {
            let session = sql::open(inv, Some(want), None)?;
            if good::key(&session)?.is_some() { session.transact(&[Step::new("melt")]).map(drop) } else { Ok(()) }
        };
        // What came of it is for the next attempt to see.
        let _: Result<(), Failure> = if good::is_list(want) || inv.dry_run() { Ok(()) } else { melted() };
        failure.leaving(Effect::Unknown)
    })
}
