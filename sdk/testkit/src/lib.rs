//! The conformance suite of connectors: what an author runs with `hallpass connector test`, and the host before it activates one.
//!
//! A connector carries a [`Fixture`]: sample wishes, and a scripted [`World`] that answers instead of the target. The kit calls the
//! connector in that world as the broker would, lets things go wrong at every step, and checks one [law](laws) after the other. It
//! knows no engine: whoever runs connectors implements [`Host`] and [`Subject`].
//!
//! Passing proves conduct, never goodness: what a connector may do at all is guarded by its permissions.
//!
//! To add a law: a file in `laws/`, its line in [`laws`], a connector that breaks it in `tests/violations`.

mod bench;
mod canary;
mod fixture;
mod laws;
mod outcome;
mod real;
mod report;
mod sight;
mod subject;
mod world;

pub use fixture::{BadFixture, Fixture, Sample, Target, ToolCall};
pub use laws::conform;
pub use real::{Tried, try_out};
pub use report::{Checked, Finding, Report, Verdict};
pub use subject::{
    Applied, Description, Done, Effect, Entitlement, Failure, Host, Item, Kind, Observed, Page, Presence, Run, Subject, Surface, Tool,
    ToolOutcome, Wish,
};
pub use world::{Answered, Asked, Fault, Gone, Point, Session, State, Trouble, World};

/// The value of the canary that a target's secret of this name has.
pub fn placeholder(secret: &str) -> String {
    canary::of(secret)
}
