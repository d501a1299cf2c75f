//! Operations: the durable intents. Who works on one is in `claims.rs`.

use hallpass_domain::Timestamp;
use hallpass_domain::ids::{HoldingId, OperationId, TargetId};
use hallpass_domain::operation::{Lease, Operation, OperationState};

use crate::error::StoreResult;
use crate::reads::Reads;
use crate::sql::{Row, args};
use crate::tx::{Bookkeeping, Tx};

pub(crate) const TABLE: &str = "operations";

/// The columns of an operation.
macro_rules! columns {
    () => {
        "id, holding, target, kind, state, holding_version, attempts, tries, revision, looked, sent, fresh_credential, until, due, continuation, \
         last_failure, created"
    };
}
pub(crate) use columns;

/// As in the partial indexes: SQLite uses them only for a condition of the same text.
macro_rules! open {
    () => {
        "state IN ('planned', 'sent', 'unknown')"
    };
}
pub(crate) use open;

pub(crate) fn read(row: &Row) -> StoreResult<Operation> {
    Ok(Operation {
        id: row.parse("id")?,
        holding: row.parse("holding")?,
        target: row.parse("target")?,
        kind: row.parse("kind")?,
        state: row.parse("state")?,
        holding_version: row.int("holding_version")?,
        attempts: row.int("attempts")?,
        tries: row.int("tries")?,
        revision: row.opt_int("revision")?,
        looked: row.opt_time("looked")?,
        sent: row.opt_time("sent")?,
        fresh_credential: row.int("fresh_credential")? != 0,
        until: row.time("until")?,
        due: row.time("due")?,
        continuation: row.opt_text("continuation")?,
        last_failure: row.opt_text("last_failure")?,
        created: row.time("created")?,
    })
}

/// The values of `$1` to `$14` of the updates.
macro_rules! changeable {
    ($o:expr, $($rest:expr),+) => {
        args![
            $o.state,
            $o.holding_version,
            $o.attempts,
            $o.fresh_credential,
            $o.until,
            $o.due,
            $o.continuation,
            $o.last_failure,
            $o.kind,
            $o.sent,
            $o.tries,
            $o.revision,
            $o.looked,
            $o.id,
            $($rest),+
        ]
    };
}

macro_rules! set {
    () => {
        "UPDATE operations SET state = $1, holding_version = $2, attempts = $3, fresh_credential = $4, until = $5, due = $6, \
         continuation = $7, last_failure = $8, kind = $9, sent = $10, tries = $11, revision = $12, looked = $13"
    };
}

impl Reads<'_> {
    /// The operation of this id.
    pub async fn operation(&mut self, id: &OperationId) -> StoreResult<Option<Operation>> {
        self.find(TABLE, concat!("SELECT ", columns!(), " FROM operations WHERE id = $1"), args![id], read).await
    }

    /// The one operation of a holding that still has work to do.
    pub async fn open_operation(&mut self, holding: &HoldingId) -> StoreResult<Option<Operation>> {
        let sql = concat!("SELECT ", columns!(), " FROM operations WHERE holding = $1 AND ", open!());
        self.find(TABLE, sql, args![holding], read).await
    }

    /// How many attempts the operations of a holding have made so far, and whether any was sent.
    pub async fn attempts_of(&mut self, holding: &HoldingId) -> StoreResult<(i64, bool)> {
        let sql = "SELECT COALESCE(MAX(attempts), 0) AS attempts, COUNT(sent) AS sent FROM operations WHERE holding = $1";
        let found = self.find(TABLE, sql, args![holding], |row| Ok((row.int("attempts")?, row.int("sent")? > 0))).await?;
        Ok(found.unwrap_or((0, false)))
    }

    /// Every operation of a holding, the oldest first.
    pub async fn operations_of(&mut self, holding: &HoldingId) -> StoreResult<Vec<Operation>> {
        let sql = concat!("SELECT ", columns!(), " FROM operations WHERE holding = $1 ORDER BY id");
        self.list(TABLE, sql, args![holding], read).await
    }
}

impl Tx {
    /// Plans an operation. A second open one of a holding is [`Constraint::OpenOperation`](crate::Constraint).
    pub async fn insert_operation(&mut self, o: &Operation) -> StoreResult<()> {
        let sql = concat!(
            "INSERT INTO operations (",
            columns!(),
            ", lease_fence) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 0)"
        );
        let args = args![
            o.id,
            o.holding,
            o.target,
            o.kind,
            o.state,
            o.holding_version,
            o.attempts,
            o.tries,
            o.revision,
            o.looked,
            o.sent,
            o.fresh_credential,
            o.until,
            o.due,
            o.continuation,
            o.last_failure,
            o.created
        ];
        self.change(TABLE, sql, args).await.map(drop)
    }

    /// Writes a step of an operation under its lease: only while the lease's fence is the highest, and the operation open. The
    /// lease stays while the operation is open and goes when it is settled.
    pub async fn update_operation(&mut self, o: &Operation, lease: &Lease) -> StoreResult<()> {
        self.write_step(o, lease, !o.state.is_open()).await
    }

    /// As [`Tx::update_operation`], giving the lease up: somebody takes it again when it is due.
    pub async fn release_operation(&mut self, o: &Operation, lease: &Lease) -> StoreResult<()> {
        self.write_step(o, lease, true).await
    }

    async fn write_step(&mut self, o: &Operation, lease: &Lease, release: bool) -> StoreResult<()> {
        let keeping = concat!(set!(), " WHERE id = $14 AND lease_owner = $15 AND lease_fence = $16 AND ", open!());
        let releasing = concat!(
            set!(),
            ", lease_owner = NULL, lease_deadline = NULL WHERE id = $14 AND lease_owner = $15 AND lease_fence = $16 AND ",
            open!()
        );
        let sql = if release { releasing } else { keeping };
        self.swap(("operation", o.id.as_str()), TABLE, sql, changeable!(o, lease.owner, lease.fence)).await
    }

    /// Writes an operation that nobody works on, for instance to plan it anew or to drop it. `was` is the state that it was read
    /// with. Somebody who holds a lease on it makes this [`StoreError::Stale`](crate::StoreError).
    pub async fn update_unclaimed_operation(&mut self, o: &Operation, was: OperationState) -> StoreResult<()> {
        let sql = concat!(set!(), " WHERE id = $14 AND state = $15 AND lease_owner IS NULL");
        self.swap(("operation", o.id.as_str()), TABLE, sql, changeable!(o, was)).await
    }

    /// Puts an operation off, giving the lease up: nothing was sent, only the time of the next look changes.
    pub async fn defer_operation(&mut self, lease: &Lease, due: Timestamp, last_failure: Option<&str>) -> StoreResult<bool> {
        let sql = concat!(
            "UPDATE operations SET due = $1, last_failure = COALESCE($2, last_failure), lease_owner = NULL, lease_deadline = NULL \
             WHERE id = $3 AND lease_owner = $4 AND lease_fence = $5 AND ",
            open!()
        );
        let args = args![due, last_failure, lease.operation, lease.owner, lease.fence];
        Ok(self.keep(Bookkeeping::Due, TABLE, sql, args).await? == 1)
    }

    /// Puts an operation off after one more try that failed as the last one did, giving the lease up: nothing else changed, and
    /// the failure was said before.
    pub async fn try_operation_later(&mut self, o: &Operation, lease: &Lease) -> StoreResult<bool> {
        let sql = concat!(
            "UPDATE operations SET due = $1, tries = $2, lease_owner = NULL, lease_deadline = NULL \
             WHERE id = $3 AND lease_owner = $4 AND lease_fence = $5 AND ",
            open!()
        );
        let args = args![o.due, o.tries, lease.operation, lease.owner, lease.fence];
        Ok(self.keep(Bookkeeping::Due, TABLE, sql, args).await? == 1)
    }

    /// Makes every open operation of a target due at `due` that would be due later: it answers again. How many there were.
    pub async fn make_target_due(&mut self, target: &TargetId, due: Timestamp) -> StoreResult<u64> {
        let sql = concat!("UPDATE operations SET due = $1 WHERE target = $2 AND due > $1 AND lease_owner IS NULL AND ", open!());
        self.keep_and_wake(Bookkeeping::Due, TABLE, sql, args![due, target]).await
    }
}
