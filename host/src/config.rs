//! Configuration: one TOML file, `HALLPASS_…` variables, flags, each overriding the one before.
//!
//! The only place of the product that reads the environment. Every key of the file is also a variable: `[server] listen`
//! is `HALLPASS_SERVER_LISTEN`. Unknown keys are refused with their line, unknown variables by name.
//!
//! To add a key: a field of its section's struct, its name in that section's `KEYS`, a line in `samples/full.toml`.

mod connectors;
mod environment;
mod length;
mod limits;
mod load;
mod master_key;
mod policies;
mod server;
mod store;

pub use connectors::{Connectors, Publisher};
pub use environment::Environment;
pub use length::Length;
pub use limits::Limits;
pub use load::{Config, ConfigError, Flags};
pub use master_key::MasterKeyConfig;
pub use policies::Policies;
pub use server::Server;
pub use store::StoreConfig;

#[cfg(test)]
mod tests;
