//! Hallpass: an access broker. This package puts the parts together and is the one binary; it holds no rule of its own.
//!
//! [`cli`] is what a person types, [`config`] what an operator sets, [`conformance`] runs the kit of connector authors over the runtime, [`wiring`] makes a broker out of a configuration,
//! [`lifecycle`] starts and stops it, [`client`] speaks to a running one, [`demo`] plays the whole story against a real
//! PostgreSQL.

pub mod cli;
pub mod client;
pub mod config;
pub mod conformance;
pub mod demo;
pub mod lifecycle;
pub mod telemetry;
pub mod wiring;
