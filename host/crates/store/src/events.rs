//! Events as rows: the exact bytes of a leaf, and the values behind its commitments.

use std::fmt::Write as _;

use hallpass_domain::Timestamp;
use hallpass_domain::event::{Encoded, EventKind};
use hallpass_domain::ids::{EventId, GrantId, RequestId};

use crate::error::StoreResult;
use crate::reads::{Conditions, Reads};
use crate::sql::{Row, args, composed};
use crate::tx::{Bookkeeping, Tx};

pub(crate) const TABLE: &str = "events";
pub(crate) const VALUES: &str = "event_values";

/// An event as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// Its place among the rows; events of one aggregate are in order.
    pub seq: i64,
    /// Its index in the log, once it has one.
    pub index: Option<u64>,
    /// Its id.
    pub id: EventId,
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub at: Timestamp,
    /// The exact bytes of its leaf.
    pub bytes: Vec<u8>,
}

/// A value behind a commitment of a leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasableValue {
    /// The name of the fact.
    pub field: String,
    /// Random.
    pub salt: [u8; 16],
    /// The text.
    pub value: String,
}

/// Which events; what is `None` is not asked.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Of this aggregate.
    pub subject: Option<String>,
    /// That name this grant.
    pub grant: Option<GrantId>,
    /// That name this request.
    pub request: Option<RequestId>,
}

fn read(row: &Row) -> StoreResult<EventRow> {
    Ok(EventRow {
        seq: row.int("seq")?,
        index: row.opt_millis("leaf_index")?,
        id: row.parse("id")?,
        kind: row.parse("kind")?,
        at: row.time("at")?,
        bytes: row.bytes("bytes")?,
    })
}

pub(crate) fn read_value(row: &Row) -> StoreResult<ErasableValue> {
    let salt = row.bytes("salt")?.try_into().map_err(|_| row.wrong("salt"))?;
    Ok(ErasableValue { field: row.text("field")?, salt, value: row.text("value")? })
}

impl Reads<'_> {
    /// Events in the order of their rows, behind the row `after`.
    pub async fn events(&mut self, filter: &EventFilter, after: i64, limit: u32) -> StoreResult<Vec<EventRow>> {
        let mut conditions = Conditions::new();
        conditions
            .when("subject =", filter.subject.as_ref())
            .when("grant_id =", filter.grant.as_ref())
            .when("request_id =", filter.request.as_ref())
            .when("seq >", Some(after));
        let (sql, args) = conditions.page("SELECT seq, leaf_index, id, kind, at, bytes FROM events", "seq", limit);
        self.list(TABLE, sql, args, read).await
    }

    /// What the commitments of an event stand for, as far as it is not erased.
    pub async fn erasable_values(&mut self, event: &EventId) -> StoreResult<Vec<ErasableValue>> {
        let sql = "SELECT event AS id, field, salt, value FROM event_values WHERE event = $1 ORDER BY field";
        self.list(VALUES, sql, args![event], read_value).await
    }
}

impl Tx {
    pub(crate) async fn insert_event(
        &mut self,
        encoded: &Encoded,
        grant: Option<&GrantId>,
        request: Option<&RequestId>,
    ) -> StoreResult<()> {
        let sql = "INSERT INTO events (id, kind, subject, at, grant_id, request_id, bytes, digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let args = args![encoded.id, encoded.kind, encoded.subject, encoded.at, grant, request, encoded.bytes, encoded.digest];
        // Of the list because an event needs no event of its own; it makes the transaction one that wrote.
        self.keep(Bookkeeping::Sequencer, TABLE, sql, args).await?;
        if encoded.erasable.is_empty() {
            return Ok(());
        }
        let mut sql = "INSERT INTO event_values (event, field, salt, value) VALUES ".to_owned();
        let mut args = args![encoded.id];
        for (n, erasable) in encoded.erasable.iter().enumerate() {
            let first = 2 + n * 3;
            let _ = write!(sql, "{}($1, ${first}, ${}, ${})", if n == 0 { "" } else { ", " }, first + 1, first + 2);
            args.extend(args![erasable.field, erasable.salt.as_slice(), erasable.value]);
        }
        self.keep(Bookkeeping::Sequencer, VALUES, composed(sql), args).await.map(drop)
    }
}
