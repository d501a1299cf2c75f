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
#[error("the {noun} is {state}: {event} is not possible {}", self.when())]
pub struct Conflict {
    /// `request`, `grant`, `operation` ….
    pub noun: &'static str,
    /// The state that it is in.
    pub state: &'static str,
    /// What was asked of it.
    pub event: &'static str,
}

impl Conflict {
    /// Whether waiting helps: the state comes before the one in which it is possible.
    pub fn is_early(&self) -> bool {
        self.noun == "grant" && matches!(self.state, "scheduled" | "activating")
    }

    fn when(&self) -> &'static str {
        match self.state {
            _ if self.is_early() => "yet",
            "suspended" => "now",
            _ => "any more",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conflict_says_whether_waiting_helps() {
        let said = |state| Conflict { noun: "grant", state, event: "rotate" }.to_string();
        assert_eq!(said("activating"), "the grant is activating: rotate is not possible yet");
        assert_eq!(said("suspended"), "the grant is suspended: rotate is not possible now");
        assert_eq!(said("ended"), "the grant is ended: rotate is not possible any more");
    }
}
