//! Events as rows: the exact bytes of a leaf, and the values behind its commitments.

use hallpass_domain::Timestamp;
use hallpass_domain::event::{Encoded, EventKind};
use hallpass_domain::ids::{EventId, GrantId, RequestId};

use crate::error::StoreResult;
use crate::reads::{Conditions, Reads};
use crate::sql::{Row, args, composed, placeholders};
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

/// An event of a running transaction.
pub(crate) struct Said {
    pub(crate) encoded: Encoded,
    pub(crate) grant: Option<GrantId>,
    pub(crate) request: Option<RequestId>,
}

/// Rows of one statement. Each number of rows is a text of its own, which every connection prepares once.
const MOST_ROWS: usize = 8;

impl Tx {
    /// Writes the rows of events in their order, and the values behind their commitments.
    pub(crate) async fn insert_events(&mut self, said: &[Said]) -> StoreResult<()> {
        let insert = "INSERT INTO events (id, kind, subject, at, grant_id, request_id, bytes, digest) VALUES ";
        for said in said.chunks(MOST_ROWS) {
            let row = |Said { encoded: e, grant, request }: &Said| args![e.id, e.kind, e.subject, e.at, grant, request, e.bytes, e.digest];
            let args = said.iter().flat_map(row).collect();
            // Of the list because an event needs no event of its own; it makes the transaction one that wrote.
            self.keep(Bookkeeping::Sequencer, TABLE, composed(insert.to_owned() + &placeholders(said.len(), 8)), args).await?;
        }
        let insert = "INSERT INTO event_values (event, field, salt, value) VALUES ";
        let values: Vec<_> = said.iter().flat_map(|said| said.encoded.erasable.iter().map(|value| (&said.encoded.id, value))).collect();
        for values in values.chunks(MOST_ROWS) {
            let args = values.iter().flat_map(|(event, v)| args![event, v.field, v.salt.as_slice(), v.value]).collect();
            self.keep(Bookkeeping::Sequencer, VALUES, composed(insert.to_owned() + &placeholders(values.len(), 4)), args).await?;
        }
        Ok(())
    }
}
