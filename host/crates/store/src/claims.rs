//! Leases: who works on an operation, and the named ones that only one node holds. Deadlines are written and compared in the
//! store's time; whoever takes over has a higher fence.

use hallpass_domain::clock::{Millis, Timestamp};
use hallpass_domain::ids::{OperationId, TargetId};
use hallpass_domain::operation::{Lease, Operation};

use crate::error::StoreResult;
use crate::operations::{TABLE, columns, open, read};
use crate::reads::Reads;
use crate::sql::{Row, args};
use crate::store::Store;
use crate::tx::{Bookkeeping, Tx};

const NAMED: &str = "named_leases";

/// An operation that this process may work on for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// What is to be done.
    pub operation: Operation,
    /// The right to do it.
    pub lease: Lease,
}

/// Free and due, or left by somebody whose lease is over. `$2` is the clock's time, `{now}` the store's.
macro_rules! claimable {
    () => {
        "((lease_owner IS NULL AND due <= $2) OR (lease_owner IS NOT NULL AND lease_deadline <= {now}))"
    };
}

macro_rules! take {
    () => {
        concat!(
            "UPDATE operations SET lease_owner = $3, lease_fence = lease_fence + 1, lease_deadline = {now} + $4 WHERE id IN \
             (SELECT id FROM picked) RETURNING ",
            columns!(),
            ", lease_owner, lease_fence, lease_deadline"
        )
    };
}

/// The due ones of each target in their order; of a target no more than its cap less those in flight; then across targets one
/// each, before any gets its second. A busy target is left out: `$5` joins their ids, and an id is in it when taking it out
/// changes it. Free and left ones are two ranges of two indexes, so that only what is due is looked at.
const CLAIM_DUE: &str = concat!(
    "WITH ripe AS (SELECT id, target, due FROM operations WHERE ",
    open!(),
    " AND lease_owner IS NULL AND due <= $2 UNION ALL SELECT id, target, due FROM operations WHERE ",
    open!(),
    " AND lease_owner IS NOT NULL AND lease_deadline <= {now}), \
     flying AS (SELECT target, COUNT(*) AS n FROM operations WHERE lease_owner IS NOT NULL AND lease_deadline > {now} GROUP BY target), \
     ranked AS (SELECT id, target, due, ROW_NUMBER() OVER (PARTITION BY target ORDER BY due, id) AS place FROM ripe \
     WHERE replace($5, target, '') = $5), \
     chosen AS (SELECT r.id FROM ranked r LEFT JOIN flying f ON f.target = r.target \
     WHERE r.place + COALESCE(f.n, 0) <= $6 ORDER BY r.place, r.due, r.id LIMIT $7), \
     picked AS MATERIALIZED (SELECT id FROM operations WHERE id IN (SELECT id FROM chosen) AND ",
    open!(),
    " AND ",
    claimable!(),
    " {skip_locked}) ",
    take!()
);

const CLAIM_ONE: &str = concat!(
    "WITH picked AS MATERIALIZED (SELECT id FROM operations WHERE id = $5 AND ",
    open!(),
    " AND ",
    claimable!(),
    " {skip_locked}) ",
    take!()
);

fn claimed(row: &Row) -> StoreResult<Claimed> {
    let operation = read(row)?;
    let lease = Lease {
        operation: operation.id.clone(),
        owner: row.text("lease_owner")?,
        fence: row.int("lease_fence")?,
        deadline: row.time("lease_deadline")?,
    };
    Ok(Claimed { operation, lease })
}

impl Store {
    /// Takes due operations for `owner`, fairly over the targets: at most `limit`, none of a target in `busy_targets`, and of a
    /// target no more than `per_target` in flight over all nodes. What another node is taking at this moment is passed over. A
    /// transaction of its own, counted as `operation.claim`.
    pub async fn claim_due(
        &self,
        owner: &str,
        lease_ms: Millis,
        limit: u32,
        busy_targets: &[TargetId],
        per_target: u32,
    ) -> StoreResult<Vec<Claimed>> {
        let busy = busy_targets.iter().map(TargetId::as_str).collect::<Vec<_>>().join(" ");
        let sql = self.backend().text(CLAIM_DUE);
        let args = args![self.time_argument(), self.now(), owner, lease_ms, busy, per_target, limit];
        let rows = self.keep_alone("operation.claim", Bookkeeping::Lease, TABLE, &sql, &args).await?;
        let mut taken = rows.iter().map(claimed).collect::<StoreResult<Vec<_>>>()?;
        taken.sort_by(|a, b| (a.operation.due, &a.operation.id).cmp(&(b.operation.due, &b.operation.id)));
        Ok(taken)
    }

    /// [`Reads::lease_left`] on a connection of its own.
    pub async fn lease_left(&self, lease: &Lease) -> StoreResult<Option<Millis>> {
        self.reads().await?.lease_left(lease).await
    }
}

impl Tx {
    /// Takes one operation, for instance in the commit that planned it; `None` when it is not due, settled, or somebody's.
    pub async fn claim_operation(&mut self, id: &OperationId, owner: &str, lease_ms: Millis) -> StoreResult<Option<Claimed>> {
        let (argument, now) = (self.store().time_argument(), self.store().now());
        let sql = self.store().backend().text(CLAIM_ONE);
        let row = self.keep_one(Bookkeeping::Lease, TABLE, sql, args![argument, now, owner, lease_ms, id]).await?;
        row.as_ref().map(claimed).transpose()
    }

    /// Prolongs a lease from now on; `None` when it was taken over or given up.
    pub async fn renew_lease(&mut self, lease: &Lease, lease_ms: Millis) -> StoreResult<Option<Lease>> {
        let sql = self.store().backend().text(
            "UPDATE operations SET lease_deadline = {now} + $2 WHERE id = $3 AND lease_owner = $4 AND lease_fence = $5 RETURNING id, lease_deadline",
        );
        let args = args![self.store().time_argument(), lease_ms, lease.operation, lease.owner, lease.fence];
        let row = self.keep_one(Bookkeeping::Lease, TABLE, sql, args).await?;
        row.map(|row| Ok(Lease { deadline: row.time("lease_deadline")?, ..lease.clone() })).transpose()
    }

    /// Gives a lease up; nothing happens when it is somebody else's by now.
    pub async fn release_lease(&mut self, lease: &Lease) -> StoreResult<()> {
        let sql = "UPDATE operations SET lease_owner = NULL, lease_deadline = NULL WHERE id = $1 AND lease_owner = $2 AND lease_fence = $3";
        self.keep(Bookkeeping::Lease, TABLE, sql, args![lease.operation, lease.owner, lease.fence]).await.map(drop)
    }

    /// For a SQLite server that starts: the folder's lock proves that every earlier owner is gone, so all leases but those of
    /// `owner` are over at once. How many operations that frees.
    pub async fn take_over_all_leases(&mut self, owner: &str) -> StoreResult<u64> {
        let named = "DELETE FROM named_leases WHERE owner <> $1";
        self.keep(Bookkeeping::Lease, NAMED, named, args![owner]).await?;
        let sql = "UPDATE operations SET lease_owner = NULL, lease_deadline = NULL, lease_fence = lease_fence + 1 \
                   WHERE lease_owner IS NOT NULL AND lease_owner <> $1";
        self.keep_and_wake(Bookkeeping::Lease, TABLE, sql, args![owner]).await
    }

    /// Takes or keeps a named lease; gives its fence, which is one more with each new owner. `None`: somebody else has it.
    pub async fn acquire_named(&mut self, name: &str, owner: &str, lease_ms: Millis) -> StoreResult<Option<i64>> {
        let sql = self.store().backend().text(
            "INSERT INTO named_leases (name, owner, fence, deadline) VALUES ($2, $3, 1, {now} + $4) ON CONFLICT (name) DO UPDATE SET \
             fence = CASE WHEN named_leases.owner = excluded.owner THEN named_leases.fence ELSE named_leases.fence + 1 END, \
             owner = excluded.owner, deadline = excluded.deadline \
             WHERE named_leases.owner = excluded.owner OR named_leases.deadline <= {now} RETURNING fence",
        );
        let args = args![self.store().time_argument(), name, owner, lease_ms];
        self.keep_one(Bookkeeping::Lease, NAMED, sql, args).await?.map(|row| row.int("fence")).transpose()
    }

    /// Whether the named lease is still `owner`'s with this fence and not over. Its row stays locked until this transaction ends,
    /// so that nobody takes over in between.
    pub async fn check_named(&mut self, name: &str, owner: &str, fence: i64) -> StoreResult<bool> {
        let sql = self
            .store()
            .backend()
            .text("UPDATE named_leases SET deadline = deadline WHERE name = $2 AND owner = $3 AND fence = $4 AND deadline > {now}");
        let args = args![self.store().time_argument(), name, owner, fence];
        Ok(self.keep(Bookkeeping::Lease, NAMED, sql, args).await? == 1)
    }

    /// Gives a named lease up. Its fence stays, so that the next owner's is higher.
    pub async fn release_named(&mut self, name: &str, owner: &str, fence: i64) -> StoreResult<()> {
        let sql = "UPDATE named_leases SET deadline = 0, owner = '' WHERE name = $1 AND owner = $2 AND fence = $3";
        self.keep(Bookkeeping::Lease, NAMED, sql, args![name, owner, fence]).await.map(drop)
    }
}

impl Reads<'_> {
    /// How long a lease lasts yet; `None` when it is over, taken over or given up.
    pub async fn lease_left(&mut self, lease: &Lease) -> StoreResult<Option<Millis>> {
        let sql = self
            .store()
            .backend()
            .text("SELECT id, lease_deadline - {now} AS left_ms FROM operations WHERE id = $2 AND lease_owner = $3 AND lease_fence = $4");
        let args = args![self.store().time_argument(), lease.operation, lease.owner, lease.fence];
        let left = self.find(TABLE, sql, args, |row| row.int("left_ms")).await?;
        Ok(left.and_then(|ms| Millis::try_from(ms).ok()).filter(|ms| *ms > 0))
    }

    /// When the next operation is due that nobody works on, or the next lease is over.
    pub async fn next_due(&mut self) -> StoreResult<Option<Timestamp>> {
        let sql = concat!(
            "SELECT (SELECT MIN(due) FROM operations WHERE ",
            open!(),
            " AND lease_owner IS NULL) AS free, (SELECT MIN(lease_deadline) FROM operations WHERE lease_owner IS NOT NULL) AS leased"
        );
        let both = self.find(TABLE, sql, args![], |row| Ok([row.opt_time("free")?, row.opt_time("leased")?])).await?;
        Ok(both.into_iter().flatten().flatten().min())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hallpass_domain::clock::ManualClock;
    use hallpass_domain::rng::SystemRng;

    use super::*;
    use crate::{Backend, Config};

    #[tokio::test]
    async fn due_work_is_found_by_time_and_never_by_looking_at_everything() {
        let dir = tempfile::tempdir().unwrap();
        let config = Config::Sqlite { dir: dir.path().to_owned(), max_page_count: None };
        let store = Store::open(config, Arc::new(ManualClock::new(Timestamp(1))), Arc::new(SystemRng)).await.unwrap();
        let explain = format!("EXPLAIN QUERY PLAN {}", Backend::Sqlite.text(CLAIM_DUE).as_str());
        let args = args![1_i64, Timestamp(1), "one", 1_u64, "", 1_u32, 1_u32];
        let plan = store.reads().await.unwrap().all("the plan", crate::sql::composed(explain), args).await.unwrap();
        let steps: Vec<String> = plan.iter().map(|step| step.text("detail").unwrap()).collect();
        for index in ["operations_due (due<?)", "operations_leased (lease_deadline<?)"] {
            assert!(steps.iter().any(|s| s.contains(index)), "{steps:#?}");
        }
        assert!(!steps.iter().any(|s| s.starts_with("SCAN operations")), "{steps:#?}");
    }
}
