//! Connectors: the plugin files that were loaded, by digest.

use hallpass_domain::Timestamp;
use hallpass_domain::ids::Digest;
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
    /// When it was loaded first.
    pub added: Timestamp,
}

fn read(row: &Row) -> StoreResult<ConnectorRow> {
    Ok(ConnectorRow { facts: row.json("facts")?, added: row.time("added")? })
}

impl Reads<'_> {
    /// The connector of this digest.
    pub async fn connector(&mut self, digest: &Digest) -> StoreResult<Option<ConnectorRow>> {
        self.find(TABLE, "SELECT digest AS id, facts, added FROM connectors WHERE digest = $1", args![digest], read).await
    }

    /// The file of this digest.
    pub async fn connector_bytes(&mut self, digest: &Digest) -> StoreResult<Option<Vec<u8>>> {
        let sql = "SELECT digest AS id, bytes FROM connectors WHERE digest = $1";
        self.find(TABLE, sql, args![digest], |row| row.bytes("bytes")).await
    }

    /// Every connector, by name, the oldest first.
    pub async fn connectors(&mut self) -> StoreResult<Vec<ConnectorRow>> {
        self.list(TABLE, "SELECT digest AS id, facts, added FROM connectors ORDER BY name, added, digest", args![], read).await
    }

    /// The connector of this name that was loaded last.
    pub async fn connector_by_name(&mut self, name: &str) -> StoreResult<Option<ConnectorRow>> {
        let sql = "SELECT digest AS id, facts, added FROM connectors WHERE name = $1 ORDER BY added DESC, digest DESC LIMIT 1";
        self.find(TABLE, sql, args![name], read).await
    }
}

impl Tx {
    /// Keeps a plugin file.
    pub async fn insert_connector(&mut self, facts: &ConnectorFacts, bytes: &[u8], at: Timestamp) -> StoreResult<()> {
        let sql = "INSERT INTO connectors (digest, name, facts, bytes, added) VALUES ($1, $2, $3, $4, $5)";
        let args = args![facts.digest, facts.name, json(TABLE, "facts", facts)?, bytes, at];
        self.change(TABLE, sql, args).await.map(drop)
    }
}
