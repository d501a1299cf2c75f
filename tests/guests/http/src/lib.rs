//! Guests that speak HTTP: one component, with as many manifests as tests give it. Where a target has the setting `behaviour`, a call
//! does what the file of that name in `behaviours/` does; where it has none, it is the `courier`, which sends what the settings say.
//!
//! To add a behaviour: a file there with `run`, its line in `behaviours.rs`, and the test of the same name in `it/hostile`, without
//! which the tests do not compile. Each ends with the code `got-through` where the host should have stopped it.

mod behaviours;
mod courier;
mod raw;
mod scene;

use hallpass_connector::grants::{Grants, Observation, Outcome};
use hallpass_connector::{Failure, Health, Holding, Invocation};

use scene::Scene;

struct Guests;

impl Grants for Guests {
    fn apply(inv: &Invocation, want: &Holding, _: Option<String>) -> Result<Outcome, Failure> {
        match Scene::of(inv) {
            Some(scene) => scene.play(),
            None => courier::settle(inv, want, "apply"),
        }
    }

    fn revoke(inv: &Invocation, want: &Holding, _: Option<String>) -> Result<Outcome, Failure> {
        courier::settle(inv, want, "revoke")
    }

    fn observe(inv: &Invocation, want: &Holding) -> Result<Observation, Failure> {
        courier::observe(inv, want)
    }
}

impl Health for Guests {
    fn check(inv: &Invocation) -> Result<(), Failure> {
        match Scene::of(inv) {
            Some(scene) => scene.play().map(drop),
            None => courier::check(inv),
        }
    }
}

hallpass_connector::connector!(Guests: grants, health);
