//! The log: its events, its checkpoint, its check.

pub(crate) mod checkpoint;
pub(crate) mod events;
pub(crate) mod verify;

pub use events::EventQuery;
pub use verify::{Believed, Finding, LogQuestion, LogReport};

use hallpass_broker::EventView;
use hallpass_domain::ids::EventId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::shape::Instant;

/// An event of the log.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Its place in the store: a cursor.
    pub seq: i64,
    /// Its index in the log, once it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// Its id.
    #[schema(value_type = String)]
    pub id: EventId,
    /// What happened.
    #[schema(example = "grant.activated")]
    pub kind: String,
    /// When.
    pub at: Instant,
    /// Its leaf: the canonical bytes of this JSON are what the log proves.
    #[schema(value_type = Object)]
    pub leaf: serde_json::Value,
}

impl From<EventView> for Event {
    fn from(e: EventView) -> Self {
        Self { seq: e.seq, index: e.index, id: e.id, kind: e.kind, at: e.at.into(), leaf: e.leaf }
    }
}
