//! Guests that misbehave, and a few that only look closely. What a call does is the setting `behaviour` of the target: the name of a
//! file in `behaviours/`. Each returns a failure with the code `got-through` where the host should have stopped it, so that a test
//! tells a guard that held from one that did not.
//!
//! What no Rust compiler makes stands as text in `../wat`, and what is no component at all in the tests themselves.
//!
//! To add one: a file here with `run`, its line in `behaviours.rs`, and the test of the same name, without which the tests do not
//! compile.

mod behaviours;
mod scene;

use hallpass_connector::describe::{Describe, Description};
use hallpass_connector::grants::{Grants, Mark, Observation, Outcome, Presence};
use hallpass_connector::{Failure, Health, Holding, Invocation};

use scene::Scene;

struct Guests;

impl Grants for Guests {
    fn apply(inv: &Invocation, want: &Holding, continuation: Option<String>) -> Result<Outcome, Failure> {
        Scene { inv, want: Some(want), continuation, revoking: false }.play()
    }

    fn revoke(inv: &Invocation, want: &Holding, continuation: Option<String>) -> Result<Outcome, Failure> {
        Scene { inv, want: Some(want), continuation, revoking: true }.play()
    }

    fn observe(inv: &Invocation, want: &Holding) -> Result<Observation, Failure> {
        Scene { inv, want: Some(want), continuation: None, revoking: false }.play()?;
        Ok(Observation { presence: Presence::Present, mark: Mark::Ours, locator: None, until: None, details: Vec::new() })
    }
}

impl Health for Guests {
    fn check(inv: &Invocation) -> Result<(), Failure> {
        Scene { inv, want: None, continuation: None, revoking: false }.play().map(drop)
    }
}

impl Describe for Guests {
    fn describe(inv: &Invocation) -> Result<Description, Failure> {
        Scene { inv, want: None, continuation: None, revoking: false }.play()?;
        Ok(Description { tools: Vec::new(), entitlements: Vec::new() })
    }
}

hallpass_connector::connector!(Guests: grants, health, describe);
