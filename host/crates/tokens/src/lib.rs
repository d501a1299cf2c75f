//! What the broker hands out and takes in as proof: passes, session tokens, client assertions.
//!
//! - [`mint`] makes block 0 of a pass (Biscuit). Verification is `hallpass-verify`, which anyone can use.
//! - [`session`]: the opaque token that says *who*; the store keeps its digest only.
//! - [`assertion`]: the signed statement (RFC 7523) that a session token is asked for with.
//!
//! The golden vectors in `vectors/` fix the bytes: a change of layout is a change of those files.

pub mod assertion;
mod datalog;
mod mint;
pub mod session;
mod wrapper;

pub use hallpass_verify::{Mode, Party, Right, thumbprint};
pub use mint::{BEARER_MS, HELD_MS, LogLeaf, MintError, MintRequest, NOT_BEFORE_GRACE_S, Pass, mint};
