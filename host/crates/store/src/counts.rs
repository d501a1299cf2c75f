//! Numbers for the metrics. Only what is open is counted, so that the cost does not grow with the past.

use std::collections::BTreeMap;

use hallpass_domain::Timestamp;
use hallpass_domain::clock::Millis;
use hallpass_domain::grant::GrantState;
use hallpass_domain::operation::OperationState;

use crate::error::StoreResult;
use crate::operations::open;
use crate::reads::Reads;
use crate::sql::args;

/// How much of what there is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Open operations.
    pub operations: BTreeMap<OperationState, u64>,
    /// Grants that are not final.
    pub grants: BTreeMap<GrantState, u64>,
    /// Grants that should be gone and are not.
    pub overdue: u64,
    /// Events without an index in the log.
    pub unsequenced: u64,
    /// When the oldest of them happened.
    pub unsequenced_since: Option<Timestamp>,
}

impl Reads<'_> {
    /// Counts at `now`; a grant that has been ending for longer than `grace_ms` is overdue.
    pub async fn counts(&mut self, now: Timestamp, grace_ms: Millis) -> StoreResult<Counts> {
        let mut counts = Counts::default();
        let operations = concat!("SELECT state, COUNT(*) AS n FROM operations WHERE ", open!(), " GROUP BY state");
        for row in self.all("operations", operations, args![]).await? {
            counts.operations.insert(row.parse("state")?, row.number("n")?);
        }
        let grants =
            "SELECT state, COUNT(*) AS n FROM grants WHERE state IN ('activating', 'active', 'suspended', 'ending') GROUP BY state";
        for row in self.all("grants", grants, args![]).await? {
            counts.grants.insert(row.parse("state")?, row.number("n")?);
        }
        let overdue = "SELECT COUNT(*) AS n FROM grants WHERE state = 'ending' AND ending_since < $1";
        counts.overdue = self.find("grants", overdue, args![now.minus(grace_ms)], |row| row.number("n")).await?.unwrap_or(0);
        let unsequenced = "SELECT COUNT(*) AS n FROM events WHERE leaf_index IS NULL";
        counts.unsequenced = self.find("events", unsequenced, args![], |row| row.number("n")).await?.unwrap_or(0);
        counts.unsequenced_since = self.unsequenced_oldest().await?;
        Ok(counts)
    }
}
