//! Sealed credentials that wait for their holders. The first pick-up erases the bytes.

use std::fmt;

use hallpass_domain::Timestamp;
use hallpass_domain::ids::GrantId;

use crate::error::StoreResult;
use crate::reads::Reads;
use crate::sql::{Row, args};
use crate::tx::Tx;

const TABLE: &str = "credentials";

/// Where the credential of a grant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialState {
    /// Sealed, and waiting to be picked up.
    Waiting,
    /// Picked up, and gone from here.
    PickedUp,
    /// Erased without having been picked up.
    Erased,
}

/// A credential as it was sealed.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedCredential {
    /// What it is sealed to: the recipient's public key, or a word for the master key.
    pub sealed_for: String,
    /// The sealed bytes.
    pub sealed: Vec<u8>,
}

impl fmt::Debug for SealedCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedCredential").finish_non_exhaustive()
    }
}

fn state(row: &Row) -> StoreResult<CredentialState> {
    match row.text("state")?.as_str() {
        "waiting" => Ok(CredentialState::Waiting),
        "picked-up" => Ok(CredentialState::PickedUp),
        "erased" => Ok(CredentialState::Erased),
        _ => Err(row.wrong("state")),
    }
}

impl Reads<'_> {
    /// Where the credential of a grant is; `None`: there never was one.
    pub async fn credential_state(&mut self, grant: &GrantId) -> StoreResult<Option<CredentialState>> {
        self.find(TABLE, "SELECT grant_id AS id, state FROM credentials WHERE grant_id = $1", args![grant], state).await
    }

    /// Grants whose credential was not picked up in time, at most 100.
    pub async fn expired_credentials(&mut self, now: Timestamp) -> StoreResult<Vec<GrantId>> {
        let sql = "SELECT grant_id AS id FROM credentials WHERE state = 'waiting' AND expires <= $1 ORDER BY expires LIMIT 100";
        self.list(TABLE, sql, args![now], |row| row.parse("id")).await
    }
}

impl Tx {
    /// Keeps a sealed credential until it is picked up or expires; one that is there, in whatever state, is replaced.
    pub async fn put_credential(&mut self, grant: &GrantId, sealed: &[u8], sealed_for: &str, expires: Timestamp) -> StoreResult<()> {
        let sql = "INSERT INTO credentials (grant_id, state, sealed, sealed_for, expires) VALUES ($1, 'waiting', $2, $3, $4) \
                   ON CONFLICT (grant_id) DO UPDATE SET state = 'waiting', sealed = excluded.sealed, \
                   sealed_for = excluded.sealed_for, expires = excluded.expires";
        self.change(TABLE, sql, args![grant, sealed, sealed_for, expires]).await.map(drop)
    }

    /// Picks a credential up: waiting → picked up, its bytes erased. `None` when none waits, or it expired at or before `now`.
    pub async fn take_credential(&mut self, grant: &GrantId, now: Timestamp) -> StoreResult<Option<SealedCredential>> {
        // RETURNING gives the row as it is afterwards, so the bytes are read first; whoever is second finds no row to change.
        let sql = "SELECT grant_id AS id, sealed, sealed_for FROM credentials WHERE grant_id = $1 AND state = 'waiting' AND expires > $2";
        let Some(row) = self.reads().one(TABLE, sql, args![grant, now]).await? else { return Ok(None) };
        let taken = SealedCredential { sealed: row.bytes("sealed")?, sealed_for: row.text("sealed_for")? };
        let sql = "UPDATE credentials SET state = 'picked-up', sealed = NULL \
                   WHERE grant_id = $1 AND state = 'waiting' AND expires > $2 AND sealed = $3";
        Ok((self.change(TABLE, sql, args![grant, now, taken.sealed]).await? == 1).then_some(taken))
    }

    /// Erases a credential that waits; whether one did. With the end of its grant, or when nobody came in time.
    pub async fn erase_credential(&mut self, grant: &GrantId) -> StoreResult<bool> {
        let sql = "UPDATE credentials SET state = 'erased', sealed = NULL WHERE grant_id = $1 AND state = 'waiting'";
        Ok(self.change(TABLE, sql, args![grant]).await? == 1)
    }

    /// Erases a credential that waits and whose time is over; whether it was. One that was put in place meanwhile stays.
    pub async fn expire_credential(&mut self, grant: &GrantId, now: Timestamp) -> StoreResult<bool> {
        let sql = "UPDATE credentials SET state = 'erased', sealed = NULL WHERE grant_id = $1 AND state = 'waiting' AND expires <= $2";
        Ok(self.change(TABLE, sql, args![grant, now]).await? == 1)
    }
}
