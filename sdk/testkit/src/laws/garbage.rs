//! An answer that makes no sense ends as a failure, not in a trap and not in a claim.

use crate::bench::{Bench, Law, broken};
use crate::outcome::places;
use crate::sight::{is_trap, sights};
use crate::world::Fault;

const MEND: &str = "Read values with their names and types, and give a failure on: garbage is no reason to panic or to guess";

pub(super) async fn check(bench: &Bench<'_>) -> Law {
    for place in places(bench).await? {
        for fault in Fault::nonsense(&place.step) {
            let struck = place.strike(bench, fault).await?;
            if struck.done.as_ref().err().is_some_and(is_trap) {
                return Err(broken(place.change.item(), format!("{} makes it trap", struck.story), MEND));
            }
            struck.check_truth().await?;
        }
    }
    sights(bench, Fault::nonsense, MEND).await
}
