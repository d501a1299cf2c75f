//! Connectors of our own, against real targets.

mod postgres;
