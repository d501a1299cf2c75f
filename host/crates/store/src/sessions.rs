//! Session tokens, spent assertions, and the removal of what has expired.

use hallpass_domain::Timestamp;
use hallpass_domain::ids::{Digest, PrincipalId};

use crate::error::StoreResult;
use crate::idempotency;
use crate::reads::Reads;
use crate::sql::{Row, args};
use crate::tx::{Bookkeeping, Tx};

const TABLE: &str = "sessions";
const SPENT: &str = "spent_assertions";

/// Who a session token speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub principal: PrincipalId,
    /// For which of our endpoints.
    pub audience: String,
    /// Until when.
    pub expires: Timestamp,
}

fn read(row: &Row) -> StoreResult<Session> {
    Ok(Session { principal: row.parse("principal")?, audience: row.text("audience")?, expires: row.time("expires")? })
}

impl Reads<'_> {
    /// The live session of the token with this digest.
    pub async fn session(&mut self, token: &Digest, now: Timestamp) -> StoreResult<Option<Session>> {
        let sql = "SELECT principal, audience, expires FROM sessions WHERE token = $1 AND expires > $2";
        self.find(TABLE, sql, args![token, now], read).await
    }
}

impl Tx {
    /// Adds a session; of its token only the digest is kept.
    pub async fn insert_session(&mut self, token: &Digest, principal: &PrincipalId, audience: &str, expires: Timestamp) -> StoreResult<()> {
        let sql = "INSERT INTO sessions (token, principal, audience, expires) VALUES ($1, $2, $3, $4)";
        self.keep(Bookkeeping::Session, TABLE, sql, args![token, principal, audience, expires]).await.map(drop)
    }

    /// Remembers that an assertion's `jti` was used (RFC 7523, section 3); `false` when it had been used before.
    pub async fn spend_jti(&mut self, issuer: &str, jti: &str, expires: Timestamp) -> StoreResult<bool> {
        let sql = "INSERT INTO spent_assertions (issuer, jti, expires) VALUES ($1, $2, $3) ON CONFLICT (issuer, jti) DO NOTHING";
        Ok(self.keep(Bookkeeping::Session, SPENT, sql, args![issuer, jti, expires]).await? == 1)
    }

    /// Removes sessions and assertions that expired before `now`, and answers to idempotency keys older than a day.
    pub async fn prune(&mut self, now: Timestamp) -> StoreResult<u64> {
        let why = Bookkeeping::Session;
        let sessions = self.keep(why, TABLE, "DELETE FROM sessions WHERE expires <= $1", args![now]).await?;
        let spent = self.keep(why, SPENT, "DELETE FROM spent_assertions WHERE expires <= $1", args![now]).await?;
        Ok(sessions + spent + idempotency::prune(self, now).await?)
    }
}
