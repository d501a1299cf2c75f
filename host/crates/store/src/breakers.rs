//! Breakers: targets that do not answer.

use hallpass_domain::Timestamp;
use hallpass_domain::ids::TargetId;

use crate::error::StoreResult;
use crate::reads::Reads;
use crate::sql::{Row, args};
use crate::tx::{Bookkeeping, Tx};

const TABLE: &str = "breakers";

/// A target that does not answer. While it stands, only probes go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breaker {
    /// Which.
    pub target: TargetId,
    /// Since when.
    pub opened: Timestamp,
    /// Failures in a row.
    pub failures: u32,
    /// When it is asked again.
    pub next_probe: Timestamp,
}

fn read(row: &Row) -> StoreResult<Breaker> {
    Ok(Breaker {
        target: row.parse("target")?,
        opened: row.time("opened")?,
        failures: row.number("failures")?,
        next_probe: row.time("next_probe")?,
    })
}

impl Reads<'_> {
    /// The breaker of a target; `None`: it answers.
    pub async fn breaker(&mut self, target: &TargetId) -> StoreResult<Option<Breaker>> {
        let sql = "SELECT target, opened, failures, next_probe FROM breakers WHERE target = $1";
        self.find(TABLE, sql, args![target], read).await
    }

    /// Every target that does not answer, the next one to be probed first.
    pub async fn breakers(&mut self) -> StoreResult<Vec<Breaker>> {
        self.list(TABLE, "SELECT target, opened, failures, next_probe FROM breakers ORDER BY next_probe, target", args![], read).await
    }
}

impl Tx {
    /// Opens a breaker, or notes another failure.
    pub async fn put_breaker(&mut self, b: &Breaker) -> StoreResult<()> {
        let sql = "INSERT INTO breakers (target, opened, failures, next_probe) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (target) DO UPDATE SET failures = excluded.failures, next_probe = excluded.next_probe";
        self.keep(Bookkeeping::Probe, TABLE, sql, args![b.target, b.opened, b.failures, b.next_probe]).await.map(drop)
    }

    /// Takes the probe that is due, moving the next one to `next`; `false` when another node was faster or none is due.
    pub async fn claim_probe(&mut self, target: &TargetId, now: Timestamp, next: Timestamp) -> StoreResult<bool> {
        let sql = "UPDATE breakers SET next_probe = $1 WHERE target = $2 AND next_probe <= $3";
        Ok(self.keep(Bookkeeping::Probe, TABLE, sql, args![next, target, now]).await? == 1)
    }

    /// Closes a breaker; whether there was one.
    pub async fn clear_breaker(&mut self, target: &TargetId) -> StoreResult<bool> {
        Ok(self.keep(Bookkeeping::Probe, TABLE, "DELETE FROM breakers WHERE target = $1", args![target]).await? == 1)
    }
}
