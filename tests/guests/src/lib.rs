//! Guests that misbehave, and a few that only look closely. What a call does is the setting `conduct` of the target: the name of a
//! function in `conduct/`, with `_` as `-`. Each returns a failure with the code `got-through` where the host should have stopped it, so
//! that a test tells a guard that held from one that did not.
//!
//! | file | against |
//! | --- | --- |
//! | `conduct/resources.rs` | the budgets: CPU, memory, stack, log, statements, sessions |
//! | `conduct/sql.rs` | the rule that only declared statements run, where and how they are declared |
//! | `conduct/truth.rs` | the rule that the host believes nobody: claims, silence, hostile text |
//!
//! To add one: a function, and its line in `conduct::pick`.

mod conduct;

use hallpass_connector::grants::{Grants, Mark, Observation, Outcome, Presence, Settled};
use hallpass_connector::{Failure, Health, Holding, Invocation};

struct Guests;

/// The call in which a conduct shows itself.
struct Scene<'a> {
    inv: &'a Invocation,
    want: Option<&'a Holding>,
}

impl Scene<'_> {
    fn play(&self) -> Result<(), Failure> {
        let name = self.inv.setting("conduct").unwrap_or_default();
        conduct::pick(&name).map_or_else(|| Err(Failure::invalid_input("no-such-conduct", name)), |conduct| conduct(self))
    }
}

/// What a guest says that got away with it.
fn got_through(what: &str) -> Failure {
    Failure::internal("got-through", what)
}

fn settled() -> Outcome {
    Outcome::Settled(Settled { locator: "guest".to_owned(), already: false, replaced: Vec::new() })
}

impl Grants for Guests {
    fn apply(inv: &Invocation, want: &Holding, _: Option<String>) -> Result<Outcome, Failure> {
        Scene { inv, want: Some(want) }.play().map(|()| settled())
    }

    fn revoke(inv: &Invocation, want: &Holding, _: Option<String>) -> Result<Outcome, Failure> {
        Scene { inv, want: Some(want) }.play().map(|()| settled())
    }

    fn observe(inv: &Invocation, want: &Holding) -> Result<Observation, Failure> {
        Scene { inv, want: Some(want) }.play()?;
        Ok(Observation { presence: Presence::Present, mark: Mark::Ours, locator: None, until: None, details: Vec::new() })
    }
}

impl Health for Guests {
    fn check(inv: &Invocation) -> Result<(), Failure> {
        Scene { inv, want: None }.play()
    }
}

hallpass_connector::connector!(Guests: grants, health);
