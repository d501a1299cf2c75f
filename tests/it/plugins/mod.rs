//! Connectors of our own, against real targets.

mod http;
mod postgres;
mod upgrade;
