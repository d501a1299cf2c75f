//! The harness of the one test binary: places to keep a store, a private PostgreSQL, and a target that fails on demand.
//!
//! A law that holds on both databases is written once with [`on_both_backends!`]. Each test has a folder or a database of its
//! own and an installation id of its own, so that tests run side by side on one cluster.

pub mod app;
pub mod bed;
pub mod courier;
pub mod guests;
pub mod peer;
pub mod postgres;
pub mod rabbitmq;
pub mod scripted;
pub mod server;
pub mod versions;

pub use bed::Bed;
