//! The log: which event has which index, the checkpoints, and the state of the tree. Written by the sequencer alone.

use hallpass_domain::Timestamp;
use hallpass_domain::ids::{Digest, EventId};

use crate::error::{StoreError, StoreResult};
use crate::events::{ErasableValue, TABLE, VALUES, read_value};
use crate::reads::Reads;
use crate::sql::{Row, args, composed, placeholders};
use crate::tx::{Bookkeeping, Tx};

const CHECKPOINTS: &str = "checkpoints";
const TREE: &str = "tree";

/// An event that has no index yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsequenced {
    /// Its place among the rows.
    pub seq: i64,
    /// Its id.
    pub id: EventId,
    /// When it happened.
    pub at: Timestamp,
    /// The exact bytes of its leaf.
    pub bytes: Vec<u8>,
}

/// A leaf of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// Its place.
    pub index: u64,
    /// Its exact bytes.
    pub bytes: Vec<u8>,
    /// Their SHA-256 as stored when the event was written.
    pub digest: Digest,
    /// What the event is found by, as the store has it.
    pub labels: Labels,
}

/// The columns by which an event is found. Each says again what stands in the leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// The event's id.
    pub id: String,
    /// What happened.
    pub kind: String,
    /// To which aggregate.
    pub subject: String,
    /// When.
    pub at: Timestamp,
    /// The grant that it names.
    pub grant: Option<String>,
    /// The request that it names.
    pub request: Option<String>,
}

/// A value behind a commitment of a leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafValue {
    /// The leaf's place.
    pub index: u64,
    /// The name of the fact, the salt, the text.
    pub value: ErasableValue,
}

/// A checkpoint of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Leaves.
    pub size: u64,
    /// The root of the tree over them (RFC 6962).
    pub root: Digest,
    /// The signed note (C2SP).
    pub note: String,
}

fn unsequenced(row: &Row) -> StoreResult<Unsequenced> {
    Ok(Unsequenced { seq: row.int("seq")?, id: row.parse("id")?, at: row.time("at")?, bytes: row.bytes("bytes")? })
}

fn leaf(row: &Row) -> StoreResult<Leaf> {
    let labels = Labels {
        id: row.text("id")?,
        kind: row.text("kind")?,
        subject: row.text("subject")?,
        at: row.time("at")?,
        grant: row.opt_text("grant_id")?,
        request: row.opt_text("request_id")?,
    };
    Ok(Leaf { index: row.number("leaf_index")?, bytes: row.bytes("bytes")?, digest: row.parse("digest")?, labels })
}

fn checkpoint(row: &Row) -> StoreResult<Checkpoint> {
    Ok(Checkpoint { size: row.number("size")?, root: row.parse("root")?, note: row.text("note")? })
}

impl Reads<'_> {
    /// Events without an index, in the order of their rows.
    pub async fn unsequenced(&mut self, limit: u32) -> StoreResult<Vec<Unsequenced>> {
        let sql = "SELECT seq, id, at, bytes FROM events WHERE leaf_index IS NULL ORDER BY seq LIMIT $1";
        self.list(TABLE, sql, args![limit], unsequenced).await
    }

    /// When the first event without an index happened.
    pub async fn unsequenced_oldest(&mut self) -> StoreResult<Option<Timestamp>> {
        let sql = "SELECT id, at FROM events WHERE leaf_index IS NULL ORDER BY seq LIMIT 1";
        self.find(TABLE, sql, args![], |row| row.time("at")).await
    }

    /// The bytes of a leaf.
    pub async fn leaf(&mut self, index: u64) -> StoreResult<Option<Vec<u8>>> {
        self.find(TABLE, "SELECT id, bytes FROM events WHERE leaf_index = $1", args![index], |row| row.bytes("bytes")).await
    }

    /// The leaves from `from` up to, not including, `to`. A gap is a fault that the caller names.
    pub async fn leaves(&mut self, from: u64, to: u64) -> StoreResult<Vec<Leaf>> {
        let sql = "SELECT id, kind, subject, at, grant_id, request_id, leaf_index, bytes, digest FROM events \
                   WHERE leaf_index >= $1 AND leaf_index < $2 ORDER BY leaf_index";
        self.list(TABLE, sql, args![from, to], leaf).await
    }

    /// The values behind the commitments of those leaves, as far as they are not erased, in the order of the leaves.
    pub async fn leaf_values(&mut self, from: u64, to: u64) -> StoreResult<Vec<LeafValue>> {
        let sql = "SELECT v.event AS id, v.field AS field, v.salt AS salt, v.value AS value, e.leaf_index AS leaf_index \
                   FROM event_values v JOIN events e ON e.id = v.event \
                   WHERE e.leaf_index >= $1 AND e.leaf_index < $2 ORDER BY e.leaf_index, v.field";
        self.list(VALUES, sql, args![from, to], |row| Ok(LeafValue { index: row.number("leaf_index")?, value: read_value(row)? })).await
    }

    /// The index of an event; `None` when it has none yet, or does not exist.
    pub async fn leaf_index(&mut self, event: &EventId) -> StoreResult<Option<u64>> {
        let sql = "SELECT id, leaf_index FROM events WHERE id = $1";
        Ok(self.find(TABLE, sql, args![event], |row| row.opt_millis("leaf_index")).await?.flatten())
    }

    /// One more than the highest index.
    pub async fn log_size(&mut self) -> StoreResult<u64> {
        let sql = "SELECT COALESCE(MAX(leaf_index) + 1, 0) AS size FROM events";
        Ok(self.find(TABLE, sql, args![], |row| row.number("size")).await?.unwrap_or(0))
    }

    /// The checkpoint of the largest tree.
    pub async fn latest_checkpoint(&mut self) -> StoreResult<Option<Checkpoint>> {
        self.find(CHECKPOINTS, "SELECT size, root, note FROM checkpoints ORDER BY size DESC LIMIT 1", args![], checkpoint).await
    }

    /// What the sequencer keeps of the tree, in its own encoding.
    pub async fn tree_state(&mut self) -> StoreResult<Option<Vec<u8>>> {
        self.find(TREE, "SELECT bytes FROM tree WHERE id = 1", args![], |row| row.bytes("bytes")).await
    }
}

impl Tx {
    /// Gives the events the indexes from `from` on, in their order. One that has an index already makes all of it stale.
    pub async fn assign_indexes(&mut self, from: u64, events: &[EventId]) -> StoreResult<()> {
        let Some(last) = events.last() else { return Ok(()) };
        // Filled up to a power of two by naming the last one again, so that few different texts are prepared.
        let width = events.len().next_power_of_two();
        let mut args = Vec::with_capacity(width * 2);
        for n in 0..width {
            let (offset, event) = events.get(n).map_or((events.len() - 1, last), |event| (n, event));
            args.extend(args![event, from + offset as u64]);
        }
        let rows = placeholders(width, 2);
        let sql = format!(
            "UPDATE events SET leaf_index = v.column2 FROM (VALUES {rows}) AS v WHERE events.id = v.column1 AND events.leaf_index IS NULL"
        );
        let rows = self.keep(Bookkeeping::Sequencer, TABLE, composed(sql), args).await?;
        if rows == events.len() as u64 { Ok(()) } else { Err(StoreError::Stale { noun: "log", id: format!("from index {from}") }) }
    }

    /// Keeps a checkpoint.
    pub async fn put_checkpoint(&mut self, size: u64, root: &Digest, note: &str) -> StoreResult<()> {
        let sql = "INSERT INTO checkpoints (size, root, note, at) VALUES ($1, $2, $3, $4) ON CONFLICT (size) DO NOTHING";
        let now = self.store().now();
        self.keep(Bookkeeping::Sequencer, CHECKPOINTS, sql, args![size, root, note, now]).await.map(drop)
    }

    /// Replaces what the sequencer keeps of the tree.
    pub async fn put_tree_state(&mut self, bytes: &[u8]) -> StoreResult<()> {
        let sql = "INSERT INTO tree (id, bytes) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET bytes = excluded.bytes";
        self.keep(Bookkeeping::Sequencer, TREE, sql, args![bytes]).await.map(drop)
    }
}
