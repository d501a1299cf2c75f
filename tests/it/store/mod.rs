//! Laws of the store, on both databases.

mod leases;
mod log;
mod opening;
mod records;
mod schema;
mod seed;
mod together;
mod transactions;
mod work;
