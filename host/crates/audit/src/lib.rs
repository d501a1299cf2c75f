//! The audit log as mathematics: an append-only Merkle tree (RFC 6962), proofs about it, signed checkpoints (C2SP
//! `signed-note` and `tlog-checkpoint`) and the check of a whole log.
//!
//! Nothing here reads a database or a clock. What happened is encoded by `hallpass_domain::event`, written by the store and
//! put in order by the sequencer; this crate sees bytes and indexes. Four files: [`tree`] grows, [`proof`] convinces,
//! [`note`] and [`checkpoint`] sign, [`verify`] looks for every way in which a log can have been tampered with.

pub mod checkpoint;
pub mod note;
pub mod proof;
pub mod tree;
pub mod verify;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use note::VerifierKey;
pub use tree::{Hash, Tree};
pub use verify::{Entry, Finding, LogCheck, Report, Which, verify_log};
