//! The store: every durable record of Hallpass, on SQLite or PostgreSQL, through one text of SQL.
//!
//! One file per aggregate: each adds its lookups to [`Reads`] and its writes to [`Tx`]. A write is compare-and-set by version or
//! state and answers [`StoreError::Stale`] when the row has moved on. Transactions are begun by [`run_tx!`] only, and one that
//! changed something cannot be committed without an event of it.
//!
//! To add a table: both files under `migrations/`, the aggregate's file here, its unique rules in `constraint.rs`.

mod activations;
mod claims;
mod connectors;
mod constraint;
mod counts;
mod credentials;
mod dialect;
mod error;
mod events;
mod folder;
mod grants;
mod groups;
mod holdings;
mod idempotency;
mod log;
mod look;
mod meta;
mod migrate;
mod open;
mod operations;
mod principals;
mod quarantines;
mod reads;
mod requests;
mod sessions;
mod sql;
mod store;
mod targets;
mod tx;
mod wake;

pub use activations::Activation;
pub use claims::Claimed;
pub use connectors::{ConnectorRow, Standing};
pub use constraint::Constraint;
pub use counts::Counts;
pub use credentials::{CredentialState, SealedCredential};
pub use dialect::Backend;
pub use error::{MaybeRetry, StoreError, StoreResult};
pub use events::{ErasableValue, EventFilter, EventRow};
pub use grants::GrantFilter;
pub use groups::Group;
pub use idempotency::Answer;
pub use log::{Checkpoint, Labels, Leaf, LeafValue, Unsequenced};
pub use meta::KeyRow;
pub use open::{Config, OpenError};
pub use principals::Known;
pub use reads::Reads;
pub use requests::RequestFilter;
pub use sessions::Session;
pub use store::{Store, TxCount};
pub use tx::{Bookkeeping, Tries, Tx, typed};
pub use wake::Wake;
