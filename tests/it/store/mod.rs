//! Laws of the store, on both databases.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on fails where it stands")]

mod leases;
mod log;
mod opening;
mod records;
mod schema;
mod seed;
mod transactions;
mod work;
