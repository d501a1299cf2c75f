//! The WebAssembly host: loads connectors, calls each in a sandbox of its own, and is the only way from a connector to anything.
//!
//! The way of a call: [`Runtime`] (the port) → `invocation` (store, budgets, deadline; `turns` and `low_priority` for one that takes long) → `bindings` → `capability/*` (what the
//! guest may use). `frame` holds what is fixed for a call and what the host knows of its effect. A plugin file passes
//! `admission`, `manifest` and `compile` (a child process) or `cache` before it stands in `catalog`.
//!
//! Invariants: a store is never used twice; SQL is only what a manifest declares, quoted in `capability/sql/statement/render`;
//! a secret leaves this crate only as a verifier to the target, or as [`hallpass_domain::port::Delivery`]; a call after which a
//! commit is in doubt is never reported as done.
//!
//! To add a capability: an interface in the WIT, a module in `capability`, its line in `admission` and in `catalog`.

mod admission;
mod bindings;
mod cache;
mod call;
mod capability;
mod catalog;
mod compile;
mod engine;
mod frame;
mod hostile_text;
mod invocation;
mod limits;
mod low_priority;
mod manifest;
mod records;
mod runtime;
mod stage;
mod turns;

pub use compile::{ARGUMENT as COMPILER_ARGUMENT, Compiler, serve as serve_compiler};
pub use limits::Limits;
pub use manifest::inspect;
pub use records::Observed;
pub use runtime::{Examiner, Runtime, RuntimeError, Settings};
pub use stage::{Mishap, Stage, StagedRequest, StagedSession};
