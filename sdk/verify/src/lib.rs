//! Offline verification of Hallpass passes: what a broker, a resource owner or a proxy needs to judge one call, and
//! nothing else. No network, no clock, no storage: time, keys and revocations are handed in.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (published, pass, now) = (String::new(), String::new(), 0);
//! use hallpass_verify::{KeySet, Presented, Verifier};
//!
//! let verifier = Verifier::new(KeySet::from_json(&published)?)?;
//! let call = Presented {
//!     time: now,
//!     audience: "https://db.example",
//!     target: "pg-prod",
//!     operation: "schema.read",
//!     resource: "database:shop/schema:sales",
//!     ancestors: &["database:shop"],
//!     call_digest: None,
//!     holder: None,
//! };
//! let granted = verifier.verify(&pass, &call, &|ids| ids.grant == "gr_revoked")?;
//! println!("{} may, until {}", granted.subject.id, granted.expires);
//! # Ok(()) }
//! ```
//!
//! The work that one pass can cause is bounded before evaluation: see [`Refusal::NotAdmitted`].

mod admission;
mod inspect;
mod keys;
mod refusal;
mod thumbprint;
mod verify;
mod wire;

#[cfg(test)]
mod fixture;

pub use admission::{MAX_BLOCKS, MAX_BYTES, MAX_RIGHTS, Mode, Party, Right};
pub use inspect::{InspectedBlock, Inspection, inspect};
pub use keys::{KeySet, KeySetError, KeyUse, PublishedKey};
pub use refusal::Refusal;
pub use thumbprint::thumbprint;
pub use verify::{Granted, Ids, PolicyError, Presented, Verifier, admissible};
