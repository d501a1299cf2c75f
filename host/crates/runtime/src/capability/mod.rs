//! What a connector is given: one module per interface that it may import.

pub(crate) mod host;
pub(crate) mod http;
pub(crate) mod log;
pub(crate) mod secrets;
pub(crate) mod sql;
pub(crate) mod wasi;
