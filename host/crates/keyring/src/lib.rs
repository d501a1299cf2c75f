//! Keys: the master key and what it seals, the broker's three signing keys, and the keys of those who ask it.
//!
//! - [`MasterKey`] comes from a file, an environment variable or a command, and never from the database.
//! - [`Keyring`] seals secrets at rest for one aggregate each, and derives one key per use.
//! - [`SigningKeys`] are random, not derived: a new master key re-seals them, and passes stay valid.
//! - [`PublisherKey`] signs plugin files, on the machine of whoever publishes them.
//! - [`seal_to`] seals a credential to whoever will pick it up; [`ClientKeys`] open it on the other side.
//!
//! Nothing here prints a secret: errors name files, contexts and ids.

mod client;
mod keyring;
mod master;
mod publisher;
mod recipient;
mod secret_file;
mod signing;

pub use client::{ClientKeys, ClientKeysError, EnrolmentRefused, verify_enrolment};
pub use keyring::{Keyring, WrongMasterKey};
pub use master::{MasterError, MasterKey, MasterSource};
pub use publisher::{PublisherKey, PublisherKeyError};
pub use recipient::{SealError, SealedError, open_sealed, seal_to};
pub use secret_file::SecretFileError;
pub use signing::{KeyKind, KeyRecord, LoadError, SigningKey, SigningKeys};
