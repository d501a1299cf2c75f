//! Connectors of our own, against real targets.

mod http;
mod parameters;
mod postgres;
mod upgrade;
