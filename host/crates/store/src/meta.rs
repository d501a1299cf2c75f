//! Facts of the installation, and the broker's own keys.

use hallpass_domain::Timestamp;
use hallpass_domain::event::{Event, EventKind};
use hallpass_domain::ids::InstallationId;

use crate::error::{StoreError, StoreResult};
use crate::reads::Reads;
use crate::run_tx;
use crate::sql::{Row, args};
use crate::store::Store;
use crate::tx::Tx;

const TABLE: &str = "meta";
const INSTALLATION: &str = "installation";
const FINGERPRINT: &str = "master_fingerprint";

const KEYS: &str = "broker_keys";

/// A key of the broker, as stored: its private half is an envelope under the master key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// `issuer`, `approval`, `audit`.
    pub kind: String,
    /// The id that verifiers look the public key up by.
    pub key_id: u32,
    /// The public key, hexadecimal.
    pub public_hex: String,
    /// The private key, sealed.
    pub envelope: Vec<u8>,
    /// When it was made.
    pub created: Timestamp,
}

fn key(row: &Row) -> StoreResult<KeyRow> {
    Ok(KeyRow {
        kind: row.text("kind")?,
        key_id: row.number("key_id")?,
        public_hex: row.text("public_hex")?,
        envelope: row.bytes("envelope")?,
        created: row.time("created")?,
    })
}

/// Writes the store's proposed installation id where there is none; gives the one that is there.
pub(crate) async fn create_installation(store: &Store) -> StoreResult<InstallationId> {
    run_tx!(store, "installation.create", |tx| -> StoreResult<InstallationId> {
        if let Some(known) = tx.reads().installation_id().await? {
            return Ok(known);
        }
        let proposed = tx.store().installation().clone();
        let sql = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
        if tx.change(TABLE, sql, args![INSTALLATION, proposed]).await? == 1 {
            tx.emit(Event::new(EventKind::InstallationCreated, proposed.as_str())).await?;
            return Ok(proposed);
        }
        // Another node was faster.
        tx.reads().installation_id().await?.ok_or(StoreError::Contended)
    })
}

impl Reads<'_> {
    pub(crate) async fn installation_id(&mut self) -> StoreResult<Option<InstallationId>> {
        let wrong = || StoreError::Inconsistent { table: TABLE, column: "value", row: INSTALLATION.into() };
        self.meta(INSTALLATION).await?.map(|text| text.try_into().map_err(|_| wrong())).transpose()
    }

    async fn meta(&mut self, key: &'static str) -> StoreResult<Option<String>> {
        self.find(TABLE, "SELECT value FROM meta WHERE key = $1", args![key], |row| row.text("value")).await
    }

    /// What is known of the master key: `None` until the first start has made one.
    pub async fn master_fingerprint(&mut self) -> StoreResult<Option<String>> {
        self.meta(FINGERPRINT).await
    }

    /// Every key of the broker, the newest of a kind last.
    pub async fn keys(&mut self) -> StoreResult<Vec<KeyRow>> {
        let sql = "SELECT kind, key_id, public_hex, envelope, created FROM broker_keys ORDER BY kind, created, key_id";
        self.list(KEYS, sql, args![], key).await
    }
}

impl Tx {
    /// Ties the database to a master key. Once: another call is [`StoreError::Stale`].
    pub async fn set_master_fingerprint(&mut self, fingerprint: &str) -> StoreResult<()> {
        let sql = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
        self.swap(("master key", "of this database"), TABLE, sql, args![FINGERPRINT, fingerprint]).await
    }

    /// Adds a key of the broker.
    pub async fn insert_key(&mut self, key: &KeyRow) -> StoreResult<()> {
        let sql = "INSERT INTO broker_keys (kind, key_id, public_hex, envelope, created) VALUES ($1, $2, $3, $4, $5)";
        self.change(KEYS, sql, args![key.kind, key.key_id, key.public_hex, key.envelope, key.created]).await.map(drop)
    }
}
