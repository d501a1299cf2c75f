//! Targets, their secrets as envelopes, and the accounts of principals in them.

use hallpass_domain::Timestamp;
use hallpass_domain::ids::{PrincipalId, TargetId};
use hallpass_domain::name::Name;
use hallpass_domain::target::Target;

use crate::error::StoreResult;
use crate::reads::Reads;
use crate::sql::{Row, args, json};
use crate::tx::{Bookkeeping, Tx};

const TABLE: &str = "targets";
const SECRETS: &str = "target_secrets";
const ACCOUNTS: &str = "accounts";

macro_rules! select {
    ($where:literal) => {
        select!($where, "")
    };
    ($where:literal, $more:literal) => {
        concat!(
            "SELECT t.id AS id, t.name AS name, t.environment AS environment, t.connector AS connector, t.settings AS settings, t.network AS network, \
             t.owner AS owner, t.created AS created, t.revision AS revision, t.removed AS removed, s.name AS secret",
            $more,
            " FROM targets t LEFT JOIN target_secrets s ON s.target = t.id ",
            $where,
            " ORDER BY t.name, s.name"
        )
    };
}

/// One row per secret, or one for a target without any.
fn fold(rows: &[Row]) -> StoreResult<Vec<Target>> {
    let mut targets: Vec<Target> = Vec::new();
    for row in rows {
        let id: TargetId = row.parse("id")?;
        if targets.last().is_none_or(|last| last.id != id) {
            targets.push(Target {
                id,
                name: row.parse("name")?,
                environment: row.parse("environment")?,
                connector: row.parse("connector")?,
                settings: row.json("settings")?,
                network: row.json("network")?,
                secrets: Vec::new(),
                owner: row.parse("owner")?,
                created: row.time("created")?,
                revision: row.int("revision")?,
                removed: row.opt_time("removed")?,
            });
        }
        if let (Some(target), Some(secret)) = (targets.last_mut(), row.opt_text("secret")?) {
            target.secrets.push(secret);
        }
    }
    Ok(targets)
}

impl Reads<'_> {
    /// The target of this id, also one that was removed.
    pub async fn target(&mut self, id: &TargetId) -> StoreResult<Option<Target>> {
        let rows = self.all(TABLE, select!("WHERE t.id = $1"), args![id]).await?;
        Ok(fold(&rows)?.into_iter().next())
    }

    /// The target of this id, and its secrets: name and envelope.
    pub async fn target_and_secrets(&mut self, id: &TargetId) -> StoreResult<Option<(Target, Vec<(String, Vec<u8>)>)>> {
        let rows = self.all(TABLE, select!("WHERE t.id = $1", ", s.envelope AS envelope"), args![id]).await?;
        let Some(target) = fold(&rows)?.into_iter().next() else { return Ok(None) };
        let named = rows.iter().filter(|_| !target.secrets.is_empty());
        let secrets = named.map(|row| Ok((row.text("secret")?, row.bytes("envelope")?))).collect::<StoreResult<_>>()?;
        Ok(Some((target, secrets)))
    }

    /// The target of this name that is there.
    pub async fn target_by_name(&mut self, name: &Name) -> StoreResult<Option<Target>> {
        let rows = self.all(TABLE, select!("WHERE t.name = $1 AND t.removed IS NULL"), args![name]).await?;
        Ok(fold(&rows)?.into_iter().next())
    }

    /// Every target that is there, by name.
    pub async fn targets(&mut self) -> StoreResult<Vec<Target>> {
        fold(&self.all(TABLE, select!("WHERE t.removed IS NULL"), args![]).await?)
    }

    /// A target's secrets: name and envelope.
    pub async fn target_secrets(&mut self, target: &TargetId) -> StoreResult<Vec<(String, Vec<u8>)>> {
        let sql = "SELECT name, envelope FROM target_secrets WHERE target = $1 ORDER BY name";
        self.list(SECRETS, sql, args![target], |row| Ok((row.text("name")?, row.bytes("envelope")?))).await
    }

    /// A principal's account in a target.
    pub async fn account(&mut self, principal: &PrincipalId, target: &TargetId) -> StoreResult<Option<String>> {
        let sql = "SELECT account FROM accounts WHERE principal = $1 AND target = $2";
        self.find(ACCOUNTS, sql, args![principal, target], |row| row.text("account")).await
    }

    /// Every account of a target that belongs to a principal.
    pub async fn accounts(&mut self, target: &TargetId) -> StoreResult<Vec<(PrincipalId, String)>> {
        let sql = "SELECT principal, account FROM accounts WHERE target = $1 ORDER BY account";
        self.list(ACCOUNTS, sql, args![target], |row| Ok((row.parse("principal")?, row.text("account")?))).await
    }
}

impl Tx {
    /// Keeps a target as it is until this transaction ends: whoever changes it waits, or came first and is seen by what is read
    /// from now on. Any number of transactions keep the same one.
    pub async fn hold_target(&mut self, id: &TargetId) -> StoreResult<()> {
        let sql = self.store().backend().text("SELECT id FROM targets WHERE id = $1 {shared}");
        self.keep_one(Bookkeeping::Anchor, TABLE, sql, args![id]).await.map(drop)
    }

    /// Adds a target. Its secrets are put by [`Tx::put_target_secret`]; `secrets` is not looked at.
    pub async fn insert_target(&mut self, t: &Target) -> StoreResult<()> {
        let sql = "INSERT INTO targets (id, name, environment, connector, settings, network, owner, created, revision) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let (settings, network) = (json(TABLE, "settings", &t.settings)?, json(TABLE, "network", &t.network)?);
        let args = args![t.id, t.name, t.environment, t.connector, settings, network, t.owner, t.created, t.revision];
        self.change(TABLE, sql, args).await.map(drop)
    }

    /// Writes a target as revision + 1; `t` has the revision that it was read with. Gives the new one.
    pub async fn update_target(&mut self, t: &Target) -> StoreResult<i64> {
        let sql = "UPDATE targets SET name = $1, environment = $2, connector = $3, settings = $4, network = $5, owner = $6, \
                   revision = revision + 1 WHERE id = $7 AND revision = $8 AND removed IS NULL";
        let (settings, network) = (json(TABLE, "settings", &t.settings)?, json(TABLE, "network", &t.network)?);
        let args = args![t.name, t.environment, t.connector, settings, network, t.owner, t.id, t.revision];
        self.swap(("target", t.id.as_str()), TABLE, sql, args).await?;
        Ok(t.revision + 1)
    }

    /// Removes a target and erases its secrets; `t` has the revision that it was read with. Its name is free again, and what names it by
    /// its id goes on to find it.
    pub async fn remove_target(&mut self, t: &Target, at: Timestamp) -> StoreResult<()> {
        let sql = "UPDATE targets SET removed = $1, revision = revision + 1 WHERE id = $2 AND revision = $3 AND removed IS NULL";
        self.swap(("target", t.id.as_str()), TABLE, sql, args![at, t.id, t.revision]).await?;
        self.change(SECRETS, "DELETE FROM target_secrets WHERE target = $1", args![t.id]).await.map(drop)
    }

    /// Sets one secret of a target, as an envelope. The revision is [`Tx::update_target`]'s, in the same transaction.
    pub async fn put_target_secret(&mut self, target: &TargetId, name: &str, envelope: &[u8]) -> StoreResult<()> {
        let sql = "INSERT INTO target_secrets (target, name, envelope) VALUES ($1, $2, $3) \
                   ON CONFLICT (target, name) DO UPDATE SET envelope = excluded.envelope";
        self.change(SECRETS, sql, args![target, name, envelope]).await.map(drop)
    }

    /// Sets a principal's account in a target. One to one: an account of somebody else is [`Constraint::Account`](crate::Constraint).
    pub async fn set_account(&mut self, principal: &PrincipalId, target: &TargetId, account: &str) -> StoreResult<()> {
        let sql = "INSERT INTO accounts (principal, target, account) VALUES ($1, $2, $3) \
                   ON CONFLICT (principal, target) DO UPDATE SET account = excluded.account";
        self.change(ACCOUNTS, sql, args![principal, target, account]).await.map(drop)
    }
}
