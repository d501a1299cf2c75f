//! The guest side of Hallpass: what a connector is written with.
//!
//! A connector is one type that implements a few traits, and one line that names them. It is compiled to a WebAssembly component and
//! reaches nothing but what this crate offers: no clock, no random source, no file, no socket, no environment. What it may say to its
//! target stands in `manifest.json`, where an operator reads it; see `sdk/AUTHORING.md`.
//!
//! ```
//! use hallpass_connector::grants::{Grants, Mark, Observation, Outcome, Presence, Settled};
//! use hallpass_connector::sql::{self, Step};
//! use hallpass_connector::{Failure, Health, Holding, Invocation};
//!
//! struct Shop;
//!
//! impl Grants for Shop {
//!     fn apply(inv: &Invocation, want: &Holding, _: Option<String>) -> Result<Outcome, Failure> {
//!         // The host fills every slot of "join" from the holding: this code cannot pick another account.
//!         sql::open(inv, Some(want), None)?.transact(&[Step::new("join")])?;
//!         Ok(Outcome::Settled(Settled { locator: want.stamp(), already: false, replaced: vec![] }))
//!     }
//!
//!     fn revoke(inv: &Invocation, want: &Holding, _: Option<String>) -> Result<Outcome, Failure> {
//!         let left = sql::open(inv, Some(want), None)?.transact(&[Step::new("leave")])?;
//!         let already = left.iter().all(|rows| *rows == 0);
//!         Ok(Outcome::Settled(Settled { locator: want.stamp(), already, replaced: vec![] }))
//!     }
//!
//!     fn observe(inv: &Invocation, want: &Holding) -> Result<Observation, Failure> {
//!         let page = sql::open(inv, Some(want), None)?.query(&Step::new("member"), 1)?;
//!         let presence = if page.rows.is_empty() { Presence::Absent } else { Presence::Present };
//!         Ok(Observation { presence, mark: Mark::Unmarked, locator: Some(want.stamp()), until: None, details: vec![] })
//!     }
//! }
//!
//! impl Health for Shop {
//!     fn check(inv: &Invocation) -> Result<(), Failure> {
//!         let page = sql::open(inv, None, None)?.query(&Step::new("ready"), 1)?;
//!         match page.record() {
//!             Some(row) if row.boolean("writable")? => Ok(()),
//!             _ => Err(Failure::forbidden("not-ready", "the broker's account may not change members")),
//!         }
//!     }
//! }
//!
//! hallpass_connector::connector!(Shop: grants, health);
//! ```
//!
//! Laws that every connector keeps, and conformance checks: `apply` and `revoke` are convergent (calling them again is harmless),
//! `observe` changes nothing, what is absent already is a successful `revoke`, and a [`Failure`] says truthfully what it left behind.

// The generated macros name this crate by its path, as a connector does.
extern crate self as hallpass_connector;

#[doc(hidden)]
pub mod bindings;
mod export;
mod failure;
pub mod http;
mod record;
mod step;

#[doc(hidden)]
pub use wit_bindgen::rt as __wit;

pub use bindings::checking::exports::hallpass::connector::health::Guest as Health;
pub use bindings::granting::hallpass::connector::host::{Holding, Invocation};
pub use bindings::granting::hallpass::connector::types::{Attribute, Effect, Failure, FailureKind};
pub use grants::Grants;

/// Lines in the broker's log, written with [`Invocation::log`].
pub mod log {
    pub use crate::bindings::granting::hallpass::connector::host::{Level, LogAttribute};
}

/// Secrets as handles: made, captured and delivered, never read.
pub mod secrets {
    pub use crate::bindings::granting::hallpass::connector::secrets::{Secret, captured, deliver, generate, named};
}

/// A database session on a connection that the host holds; it runs statements declared in the manifest.
pub mod sql {
    pub use crate::bindings::granting::hallpass::connector::sql::{Argument, Page, Session, Step, Value, open};
    pub use crate::record::Record;
}

/// Granting, revoking and looking.
pub mod grants {
    pub use crate::bindings::granting::exports::hallpass::connector::grants::{
        Guest as Grants, Mark, Observation, Outcome, Presence, Settled,
    };
}

/// What depends on a target's settings: its tools and entitlements.
pub mod describe {
    pub use crate::bindings::describing::exports::hallpass::connector::describe::{
        Description, Entitlement, Guest as Describe, SideEffect, Tool,
    };
}

/// Everything that a target holds, page by page.
pub mod inventory {
    pub use crate::bindings::listing::exports::hallpass::connector::inventory::{Continuation, Guest as Inventory, Item, Page};
}

/// Operations that agents call.
pub mod tools {
    pub use crate::bindings::calling::exports::hallpass::connector::tools::Guest as Tools;
}

/// What became of a tool's operation.
pub mod tool_outcomes {
    pub use crate::bindings::settling::exports::hallpass::connector::tool_outcomes::{Guest as ToolOutcomes, Outcome};
}
