//! The words of Hallpass and their laws: ids, time, randomness, secrets, events, and the states of requests, grants,
//! holdings and operations.
//!
//! Pure: no runtime, database, web framework or WebAssembly engine is known here. A transition is a function from one
//! state to the next or to a [`Conflict`]; whoever stores it writes it as compare-and-set.
//!
//! To add a state or an event: change the table in the noun's module and its test, then the store's column text.

pub mod clock;
pub mod connector;
pub mod event;
pub mod failpoint;
pub mod grant;
pub mod holding;
pub mod ids;
pub mod name;
pub mod operation;
pub mod parameter;
pub mod port;
pub mod principal;
pub mod request;
pub mod resource;
pub mod rng;
pub mod secret;
pub mod target;
mod text_enum;

pub use clock::{Clock, Millis, Timestamp};
pub use rng::Rng;

/// A transition that the current state does not allow. Final states never move (law 6).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the {noun} is {state}: {event} is not possible any more")]
pub struct Conflict {
    /// `request`, `grant`, `operation` ….
    pub noun: &'static str,
    /// The state that it is in.
    pub state: &'static str,
    /// What was asked of it.
    pub event: &'static str,
}
