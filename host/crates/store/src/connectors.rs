//! Connectors: the plugin files that were loaded, by digest, where each stands and what it is permitted.

use hallpass_domain::Timestamp;
use hallpass_domain::connector::ConnectorState;
use hallpass_domain::ids::{Digest, PrincipalId, TargetId};
use hallpass_domain::port::ConnectorFacts;

use crate::error::StoreResult;
use crate::reads::Reads;
use crate::sql::{Row, args, json};
use crate::tx::Tx;

const TABLE: &str = "connectors";

/// A connector as stored, without its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectorRow {
    /// What it says of itself.
    pub facts: ConnectorFacts,
    /// Where it stands.
    pub state: ConnectorState,
    /// The permissions that were granted, and when; `None`: nobody has accepted what it asks for.
    pub granted: Option<(Vec<String>, Timestamp)>,
    /// Names of the trusted keys that signed it; empty where it was loaded unsigned.
    pub signers: Vec<String>,
    /// Who loaded it.
    pub loaded_by: PrincipalId,
    /// Why it was banned.
    pub reason: Option<String>,
    /// When it was loaded first.
    pub added: Timestamp,
    /// One more with each change.
    pub revision: i64,
}

impl ConnectorRow {
    /// The lines that were granted; none where nobody has accepted yet.
    pub fn granted_lines(&self) -> &[String] {
        self.granted.as_ref().map_or(&[], |(lines, _)| lines)
    }
}

/// What decides whether a version may be called in a target, and what it may use there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Where it stands.
    pub state: ConnectorState,
    /// The permissions that were granted; `None`: nobody has accepted what it asks for.
    pub granted: Option<Vec<String>>,
    /// Why its calls in the target have stopped, where they have.
    pub quarantined: Option<String>,
}

impl Standing {
    /// Of a row with `connector_state`, `granted` and `quarantined`.
    pub(crate) fn read(row: &Row) -> StoreResult<Self> {
        let granted = if row.opt_text("granted")?.is_some() { Some(row.json("granted")?) } else { None };
        Ok(Self { state: row.parse("connector_state")?, granted, quarantined: row.opt_text("quarantined")? })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT digest AS id, facts, state, granted, granted_at, signers, loaded_by, reason, added, revision FROM connectors",
            $rest
        )
    };
}

fn read(row: &Row) -> StoreResult<ConnectorRow> {
    let granted = match (row.opt_text("granted")?, row.opt_time("granted_at")?) {
        (Some(_), Some(at)) => Some((row.json("granted")?, at)),
        _ => None,
    };
    Ok(ConnectorRow {
        facts: row.json("facts")?,
        state: row.parse("state")?,
        granted,
        signers: row.json("signers")?,
        loaded_by: row.parse("loaded_by")?,
        reason: row.opt_text("reason")?,
        added: row.time("added")?,
        revision: row.int("revision")?,
    })
}

impl Reads<'_> {
    /// The connector of this digest.
    pub async fn connector(&mut self, digest: &Digest) -> StoreResult<Option<ConnectorRow>> {
        self.find(TABLE, select!(" WHERE digest = $1"), args![digest], read).await
    }

    /// How the version of this digest stands, in this target where one is named.
    pub async fn standing(&mut self, digest: &Digest, target: Option<&TargetId>) -> StoreResult<Option<Standing>> {
        let sql = "SELECT c.digest AS id, c.state AS connector_state, c.granted AS granted, q.reason AS quarantined FROM connectors c \
                   LEFT JOIN quarantines q ON q.connector = c.digest AND q.target = $2 WHERE c.digest = $1";
        self.find(TABLE, sql, args![digest, target], Standing::read).await
    }

    /// The file of this digest.
    pub async fn connector_bytes(&mut self, digest: &Digest) -> StoreResult<Option<Vec<u8>>> {
        let sql = "SELECT digest AS id, bytes FROM connectors WHERE digest = $1";
        self.find(TABLE, sql, args![digest], |row| row.bytes("bytes")).await
    }

    /// Every connector, by name, the oldest first.
    pub async fn connectors(&mut self) -> StoreResult<Vec<ConnectorRow>> {
        self.list(TABLE, select!(" ORDER BY name, added, digest"), args![], read).await
    }

    /// Every version of a name, of whichever publisher, the oldest first.
    pub async fn connector_versions(&mut self, name: &str) -> StoreResult<Vec<ConnectorRow>> {
        self.list(TABLE, select!(" WHERE name = $1 ORDER BY added, digest"), args![name], read).await
    }

    /// The connector of this name that was loaded last, of those that are permitted and can be called.
    pub async fn connector_by_name(&mut self, name: &str) -> StoreResult<Option<ConnectorRow>> {
        let sql = select!(
            " WHERE name = $1 AND granted IS NOT NULL AND state IN ('loaded', 'active', 'retiring') ORDER BY added DESC, digest DESC LIMIT 1"
        );
        self.find(TABLE, sql, args![name], read).await
    }

    /// Digest and state of every connector: what a node compares its memory with.
    pub async fn connector_states(&mut self) -> StoreResult<Vec<(Digest, ConnectorState)>> {
        self.list(TABLE, "SELECT digest AS id, state FROM connectors", args![], |row| Ok((row.parse("id")?, row.parse("state")?))).await
    }

    /// Retiring versions that nothing holds any more: no target that is there uses or is to use them, and every grant and operation of their
    /// holdings has ended.
    pub async fn released_connectors(&mut self) -> StoreResult<Vec<Digest>> {
        let sql = "SELECT c.digest AS id FROM connectors c WHERE c.state = 'retiring' \
                   AND NOT EXISTS (SELECT 1 FROM targets t WHERE t.connector = c.digest AND t.removed IS NULL) \
                   AND NOT EXISTS (SELECT 1 FROM activations a WHERE a.next = c.digest) \
                   AND NOT EXISTS (SELECT 1 FROM holdings h JOIN grants g ON g.holding = h.id WHERE h.connector = c.digest \
                   AND g.state IN ('activating', 'active', 'suspended', 'ending')) \
                   AND NOT EXISTS (SELECT 1 FROM holdings h JOIN operations o ON o.holding = h.id WHERE h.connector = c.digest \
                   AND o.state IN ('planned', 'sent', 'unknown'))";
        self.list(TABLE, sql, args![], |row| row.parse("id")).await
    }
}

impl Tx {
    /// Keeps a plugin file.
    pub async fn insert_connector(&mut self, c: &ConnectorRow, bytes: &[u8]) -> StoreResult<()> {
        let sql = "INSERT INTO connectors (digest, name, publisher, version, facts, bytes, state, granted, granted_at, signers, loaded_by, \
                   reason, added, revision) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
        let granted = c.granted.as_ref().map(|(lines, _)| json(TABLE, "granted", lines)).transpose()?;
        let args = args![
            c.facts.digest,
            c.facts.name,
            c.facts.publisher,
            c.facts.version,
            json(TABLE, "facts", &c.facts)?,
            bytes,
            c.state,
            granted,
            c.granted.as_ref().map(|(_, at)| *at),
            json(TABLE, "signers", &c.signers)?,
            c.loaded_by,
            c.reason,
            c.added,
            c.revision
        ];
        self.change(TABLE, sql, args).await.map(drop)
    }

    /// Writes state, permissions and reason as revision + 1; `c` has the revision that it was read with. Gives the new one.
    pub async fn update_connector(&mut self, c: &ConnectorRow) -> StoreResult<i64> {
        let sql = "UPDATE connectors SET state = $1, granted = $2, granted_at = $3, reason = $4, revision = revision + 1 \
                   WHERE digest = $5 AND revision = $6";
        let granted = c.granted.as_ref().map(|(lines, _)| json(TABLE, "granted", lines)).transpose()?;
        let id = c.facts.digest.to_string();
        let args = args![c.state, granted, c.granted.as_ref().map(|(_, at)| *at), c.reason, c.facts.digest, c.revision];
        self.swap(("connector", id.as_str()), TABLE, sql, args).await?;
        Ok(c.revision + 1)
    }
}
