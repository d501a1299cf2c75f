//! A target that never answers ends in `timeout` at the deadline. To a connector that is a kill in between: the same call again
//! reaches the goal.

use crate::bench::{Bench, Law, WITHIN, broken, said};
use crate::outcome::places;
use crate::subject::Kind;
use crate::world::Fault;

/// How much later than its deadline a call may end, in milliseconds.
const GRACE: u64 = 1_000;

pub(super) async fn check(bench: &Bench<'_>) -> Law {
    for place in places(bench).await? {
        let mut faults = vec![Fault::Hang];
        faults.extend(place.step.is_final().then_some(Fault::HangAfter));
        faults.extend(place.step.is_request().then_some(Fault::Stall));
        for fault in faults {
            // Who has read the status need not read on.
            let may_go_on = fault == Fault::Stall;
            let struck = place.strike(bench, fault).await?;
            let (item, story) = (place.change.item(), &struck.story);
            match &struck.done {
                Ok(()) if may_go_on => {}
                Err(failure) if failure.kind == Kind::Timeout => {}
                Err(failure) => {
                    return Err(broken(
                        item,
                        format!("{story} ends in {}, not in timeout", said(failure)),
                        "Give the host's failure on as it is",
                    ));
                }
                Ok(()) => return Err(broken(item, format!("{story} says that it settled"), "Settle only what the target has confirmed")),
            }
            let took = struck.scene.took();
            if took > WITHIN + GRACE {
                let what = format!("{story} ends {took} ms after it began, with a deadline of {WITHIN} ms");
                return Err(broken(item, what, "Do not wait for what does not come: ask `invocation.remaining-ms`"));
            }
            struck.check_truth().await?;
            struck.check_recovery(&place.entitlement, &place.clean).await?;
        }
    }
    Ok(())
}
