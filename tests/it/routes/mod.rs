//! The HTTP side in process: what is described, what is refused, what every answer carries.

mod bad_input;
mod idempotency;
mod late;
mod network;
mod openapi;
mod operation;
pub(crate) mod service;
mod story;
mod tokens;
