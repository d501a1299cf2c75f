//! Answers to calls that came with an idempotency key.

use hallpass_domain::Timestamp;
use hallpass_domain::clock::Millis;
use hallpass_domain::ids::{Digest, PrincipalId};

use crate::error::StoreResult;
use crate::reads::Reads;
use crate::sql::{Row, args};
use crate::tx::{Bookkeeping, Tx};

const TABLE: &str = "idempotency";

/// How long an answer is kept.
const KEPT_MS: Millis = 24 * 60 * 60 * 1000;

/// The answer that a call got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Digest of the call: another call with the same key is refused.
    pub request: Digest,
    /// HTTP status.
    pub status: u16,
    /// Body.
    pub body: String,
}

fn read(row: &Row) -> StoreResult<Answer> {
    Ok(Answer { request: row.parse("request")?, status: row.number("status")?, body: row.text("body")? })
}

impl Reads<'_> {
    /// What this principal's call with this key was answered.
    pub async fn idempotent(&mut self, principal: &PrincipalId, key: &str) -> StoreResult<Option<Answer>> {
        let sql = "SELECT request, status, body FROM idempotency WHERE principal = $1 AND key = $2";
        self.find(TABLE, sql, args![principal, key], read).await
    }
}

impl Tx {
    /// Keeps an answer, in the commit of what the call did.
    pub async fn put_idempotent(&mut self, principal: &PrincipalId, key: &str, answer: &Answer) -> StoreResult<()> {
        let sql = "INSERT INTO idempotency (principal, key, request, status, body, at) VALUES ($1, $2, $3, $4, $5, $6)";
        let args = args![principal, key, answer.request, i64::from(answer.status), answer.body, self.store().now()];
        self.keep(Bookkeeping::Idempotency, TABLE, sql, args).await.map(drop)
    }
}

pub(crate) async fn prune(tx: &mut Tx, now: Timestamp) -> StoreResult<u64> {
    tx.keep(Bookkeeping::Idempotency, TABLE, "DELETE FROM idempotency WHERE at <= $1", args![now.minus(KEPT_MS)]).await
}
