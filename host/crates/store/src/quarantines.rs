//! Quarantines: versions of connectors whose calls have stopped in one target, and the broken rules that lead there.

use hallpass_domain::connector::Quarantine;
use hallpass_domain::ids::{Digest, TargetId};

use crate::error::StoreResult;
use crate::reads::Reads;
use crate::sql::{Row, args};
use crate::tx::{Bookkeeping, Tx};

const TABLE: &str = "quarantines";
const STRIKES: &str = "strikes";

fn read(row: &Row) -> StoreResult<Quarantine> {
    Ok(Quarantine { connector: row.parse("connector")?, since: row.time("since")?, reason: row.text("reason")? })
}

impl Reads<'_> {
    /// The versions whose calls have stopped in this target.
    pub async fn quarantines(&mut self, target: &TargetId) -> StoreResult<Vec<Quarantine>> {
        let sql = "SELECT target AS id, connector, since, reason FROM quarantines WHERE target = $1 ORDER BY since, connector";
        self.list(TABLE, sql, args![target], read).await
    }
}

impl Tx {
    /// Counts a broken rule of a version in a target; how many in a row that makes, over all nodes.
    pub async fn add_strike(&mut self, target: &TargetId, connector: &Digest) -> StoreResult<u32> {
        let sql = "INSERT INTO strikes (target, connector, n) VALUES ($1, $2, 1) \
                   ON CONFLICT (target, connector) DO UPDATE SET n = strikes.n + 1 RETURNING target AS id, n";
        let row = self.keep_one(Bookkeeping::Strike, STRIKES, sql, args![target, connector]).await?;
        row.map_or(Ok(0), |row| row.number("n"))
    }

    /// The version kept to the rules: counting begins anew.
    pub async fn clear_strikes(&mut self, target: &TargetId, connector: &Digest) -> StoreResult<()> {
        let sql = "DELETE FROM strikes WHERE target = $1 AND connector = $2";
        self.keep(Bookkeeping::Strike, STRIKES, sql, args![target, connector]).await.map(drop)
    }

    /// Stops the calls of a target to a version; false where they have stopped already.
    pub async fn insert_quarantine(&mut self, target: &TargetId, q: &Quarantine) -> StoreResult<bool> {
        let sql = "INSERT INTO quarantines (target, connector, since, reason) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (target, connector) DO NOTHING";
        Ok(self.change(TABLE, sql, args![target, q.connector, q.since, q.reason]).await? == 1)
    }

    /// Lets them go on: of one version, or of all. How many quarantines ended.
    pub async fn lift_quarantines(&mut self, target: &TargetId, connector: Option<&Digest>) -> StoreResult<u64> {
        match connector {
            Some(digest) => {
                let sql = "DELETE FROM quarantines WHERE target = $1 AND connector = $2";
                self.change(TABLE, sql, args![target, digest]).await
            }
            None => self.change(TABLE, "DELETE FROM quarantines WHERE target = $1", args![target]).await,
        }
    }
}
