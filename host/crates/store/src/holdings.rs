//! Holdings.

use hallpass_domain::holding::{Desired, Holding, Seen};
use hallpass_domain::ids::{Digest, HoldingId, TargetId};
use hallpass_domain::resource::Resource;

use crate::connectors::Standing;
use crate::error::StoreResult;
use crate::reads::Reads;
use crate::sql::{Row, Value, args, json};
use crate::tx::{Bookkeeping, Tx};

const TABLE: &str = "holdings";

macro_rules! columns {
    () => {
        "id, stamp, target, account, entitlement, resource, parameters, mode, connector, locator, baseline, desired_presence, desired_until, \
         seen_presence, seen_at, seen_by, version"
    };
}

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT ", columns!(), " FROM holdings", $rest)
    };
}

fn read(row: &Row) -> StoreResult<Holding> {
    let seen = match row.opt_parse("seen_presence")? {
        None => None,
        Some(presence) => Some(Seen { presence, at: row.time("seen_at")?, by: row.parse("seen_by")? }),
    };
    Ok(Holding {
        id: row.parse("id")?,
        // A stamp is what it was when it was made: it is never computed again.
        stamp: serde_json::from_value(serde_json::Value::String(row.text("stamp")?)).map_err(|_| row.wrong("stamp"))?,
        target: row.parse("target")?,
        account: row.opt_text("account")?,
        entitlement: row.text("entitlement")?,
        resource: row.parse("resource")?,
        parameters: row.json("parameters")?,
        mode: row.parse("mode")?,
        connector: row.parse("connector")?,
        locator: row.opt_text("locator")?,
        baseline: row.opt_parse("baseline")?,
        desired: Desired { presence: row.parse("desired_presence")?, until: row.time("desired_until")? },
        seen,
        version: row.int("version")?,
    })
}

/// The values that both updates write, in the order of `$1` to `$10`: connector and locator, baseline, wish, sight, key.
fn changeable(h: &Holding) -> Vec<Value> {
    args![
        h.connector,
        h.locator,
        h.baseline,
        h.desired.presence,
        h.desired.until,
        h.seen.map(|s| s.presence),
        h.seen.map(|s| s.at),
        h.seen.map(|s| s.by),
        h.id,
        h.version
    ]
}

impl Reads<'_> {
    /// The holding of this id.
    pub async fn holding(&mut self, id: &HoldingId) -> StoreResult<Option<Holding>> {
        self.find(TABLE, select!(" WHERE id = $1"), args![id], read).await
    }

    /// The holding of this id, and how its version of the connector stands in its target.
    pub async fn holding_to_call(&mut self, id: &HoldingId) -> StoreResult<Option<(Holding, Standing)>> {
        let sql = concat!(
            "SELECT h.*, c.state AS connector_state, c.granted AS granted, q.reason AS quarantined FROM (SELECT ",
            columns!(),
            " FROM holdings WHERE id = $1) AS h JOIN connectors c ON c.digest = h.connector \
             LEFT JOIN quarantines q ON q.target = h.target AND q.connector = h.connector"
        );
        self.find(TABLE, sql, args![id], |row| Ok((read(row)?, Standing::read(row)?))).await
    }

    /// The holding of an existing account (mode access).
    pub async fn holding_by_key(
        &mut self,
        target: &TargetId,
        account: &str,
        entitlement: &str,
        resource: &Resource,
    ) -> StoreResult<Option<Holding>> {
        let sql = select!(" WHERE target = $1 AND account = $2 AND entitlement = $3 AND resource = $4 AND mode = 'access'");
        self.find(TABLE, sql, args![target, account, entitlement, resource], read).await
    }

    /// The holdings that a version still has work with: a grant of theirs has not ended, or an operation is open.
    pub async fn live_holdings_of(&mut self, connector: &Digest) -> StoreResult<Vec<Holding>> {
        let sql = select!(
            " WHERE connector = $1 AND (EXISTS (SELECT 1 FROM grants g WHERE g.holding = holdings.id \
             AND g.state IN ('activating', 'active', 'suspended', 'ending')) \
             OR EXISTS (SELECT 1 FROM operations o WHERE o.holding = holdings.id AND o.state IN ('planned', 'sent', 'unknown'))) ORDER BY id"
        );
        self.list(TABLE, sql, args![connector], read).await
    }

    /// The holdings of a target on which an operation is open.
    pub async fn busy_holdings(&mut self, target: &TargetId) -> StoreResult<Vec<Holding>> {
        let sql = select!(
            " WHERE id IN (SELECT o.holding FROM operations o WHERE o.target = $1 AND o.state IN ('planned', 'sent', 'unknown')) ORDER BY id"
        );
        self.list(TABLE, sql, args![target], read).await
    }

    /// Every holding of a target.
    pub async fn holdings(&mut self, target: &TargetId) -> StoreResult<Vec<Holding>> {
        self.list(TABLE, select!(" WHERE target = $1 ORDER BY id"), args![target], read).await
    }
}

impl Tx {
    /// Adds a holding.
    pub async fn insert_holding(&mut self, h: &Holding) -> StoreResult<()> {
        let sql = concat!(
            "INSERT INTO holdings (",
            columns!(),
            ", anchor) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 0)"
        );
        let args = args![
            h.id,
            h.stamp,
            h.target,
            h.account,
            h.entitlement,
            h.resource,
            json(TABLE, "parameters", &h.parameters)?,
            h.mode,
            h.connector,
            h.locator,
            h.baseline,
            h.desired.presence,
            h.desired.until,
            h.seen.map(|s| s.presence),
            h.seen.map(|s| s.at),
            h.seen.map(|s| s.by),
            h.version
        ];
        self.change(TABLE, sql, args).await.map(drop)
    }

    /// Takes the holding's row as the anchor and reads it: others who take it wait until this transaction ends, so what is
    /// computed from its grants stays true. Its version does not move. `None`: there is no such holding.
    pub async fn anchor_holding(&mut self, id: &HoldingId) -> StoreResult<Option<Holding>> {
        let sql = concat!("UPDATE holdings SET anchor = anchor + 1 WHERE id = $1 RETURNING ", columns!());
        self.keep_one(Bookkeeping::Anchor, TABLE, sql, args![id]).await?.as_ref().map(read).transpose()
    }

    /// As [`Tx::anchor_holding`], writing what was seen; a locator that was learnt, too. Gives the holding as it is now, and whether
    /// rules that this version of the connector broke in the target are counted.
    pub async fn see_holding(
        &mut self,
        id: &HoldingId,
        seen: Option<Seen>,
        locator: Option<&str>,
        connector: &Digest,
    ) -> StoreResult<Option<(Holding, bool)>> {
        let sql = concat!(
            "UPDATE holdings SET anchor = anchor + 1, seen_presence = $1, seen_at = $2, seen_by = $3, locator = COALESCE($4, locator) \
             WHERE id = $5 RETURNING ",
            columns!(),
            ", CASE WHEN EXISTS (SELECT 1 FROM strikes s WHERE s.target = holdings.target AND s.connector = $6) THEN 1 ELSE 0 END AS struck"
        );
        let args = args![seen.map(|s| s.presence), seen.map(|s| s.at), seen.map(|s| s.by), locator, id, connector];
        let row = self.change_one(TABLE, sql, args).await?;
        row.map(|row| Ok((read(&row)?, row.int("struck")? == 1))).transpose()
    }

    /// Writes a changed wish as version + 1; `h` has the version that it was read with. Gives the new one: an operation planned
    /// for an older version is not sent.
    pub async fn update_holding_wish(&mut self, h: &Holding) -> StoreResult<i64> {
        let sql = "UPDATE holdings SET connector = $1, locator = $2, baseline = $3, desired_presence = $4, desired_until = $5, \
                   seen_presence = $6, seen_at = $7, seen_by = $8, parameters = $11, version = version + 1 WHERE id = $9 AND version = $10";
        let mut args = changeable(h);
        args.extend(args![json(TABLE, "parameters", &h.parameters)?]);
        self.swap(("holding", h.id.as_str()), TABLE, sql, args).await?;
        Ok(h.version + 1)
    }

    /// Writes what was seen and learnt of the target, the baseline among it; the version stays.
    pub async fn update_holding_seen(&mut self, h: &Holding) -> StoreResult<()> {
        let sql = "UPDATE holdings SET connector = $1, locator = $2, baseline = $3, desired_presence = $4, desired_until = $5, \
                   seen_presence = $6, seen_at = $7, seen_by = $8 WHERE id = $9 AND version = $10";
        self.swap(("holding", h.id.as_str()), TABLE, sql, changeable(h)).await
    }
}
