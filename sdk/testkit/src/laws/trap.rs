//! A connector that traps does nothing more, whatever it had in mind for the case of a failure: the same call again, in a new sandbox,
//! reaches the goal.

use crate::bench::{Bench, Law};
use crate::outcome::places;
use crate::world::Fault;

pub(super) async fn check(bench: &Bench<'_>) -> Law {
    for place in places(bench).await? {
        for fault in [Fault::Trap, Fault::TrapAfter].into_iter().take(if place.step.is_final() { 2 } else { 1 }) {
            let struck = place.strike(bench, fault).await?;
            struck.check_truth().await?;
            struck.check_recovery(&place.entitlement, &place.clean).await?;
        }
    }
    Ok(())
}
