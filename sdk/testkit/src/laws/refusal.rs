//! A refusal of the target ends as a failure of its kind, and the effect is told truthfully.

use std::collections::BTreeSet;

use crate::bench::{Bench, Law, broken, run, said, wish, word};
use crate::outcome::{Place, places};
use crate::subject::Kind;
use crate::world::Fault;

/// What a server says, and the kind that it must end in where nobody but the operator can mend it. PostgreSQL, appendix A.
const SQL: [(&str, &str, Option<Kind>); 8] = [
    ("28000", "invalid authorization specification", Some(Kind::Unauthenticated)),
    ("42501", "permission denied", Some(Kind::Forbidden)),
    ("57P01", "terminating connection due to administrator command", Some(Kind::Unavailable)),
    ("57014", "canceling statement due to statement timeout", Some(Kind::Timeout)),
    ("42704", "object does not exist", None),
    ("42710", "object already exists", None),
    ("40001", "could not serialize access due to concurrent update", None),
    ("XX000", "cache lookup failed", None),
];

pub(super) async fn check(bench: &Bench<'_>) -> Law {
    let mut met = BTreeSet::new();
    for place in places(bench).await? {
        // All of them at the first step of each sort, elsewhere two in turn: each step is refused, and each refusal is met.
        let first = met.insert((place.first.sample.name.clone(), place.change, place.step.sort()));
        let classes: Vec<_> = if first { SQL.iter().collect() } else { SQL.iter().cycle().skip(place.n * 2).take(2).collect() };
        for &(sqlstate, message, kind) in classes {
            let fault = Fault::Refuse { sqlstate: sqlstate.to_owned(), message: message.to_owned() };
            refused(bench, &place, fault, kind).await?;
        }
    }
    observing(bench).await
}

async fn refused(bench: &Bench<'_>, place: &Place, fault: Fault, kind: Option<Kind>) -> Law {
    let struck = place.strike(bench, fault).await?;
    if let (Err(failure), Some(kind)) = (&struck.done, kind)
        && failure.kind != kind
    {
        let what = format!("{} ends in {}, not in {}", struck.story, said(failure), word(kind));
        return Err(broken(place.change.item(), what, "Give the host's failure on as it is: the operator mends what its kind says"));
    }
    struck.check_truth().await
}

/// What `observe` cannot see it must not claim.
async fn observing(bench: &Bench<'_>) -> Law {
    for (sample, entitlement) in bench.samples() {
        let steps = {
            let scene = bench.scene();
            let (want, _) = scene.applied(&run(1), &wish(sample, entitlement)).await?;
            let _ = scene.observe(&run(2), &want).await;
            scene.trace()
        };
        for (n, step) in steps.iter().enumerate() {
            let scene = bench.scene();
            let (want, _) = scene.applied(&run(1), &wish(sample, entitlement)).await?;
            scene.strike(n, Fault::Refuse { sqlstate: "42501".to_owned(), message: "permission denied".to_owned() });
            if let Ok(seen) = scene.observe(&run(2), &want).await {
                let what = format!("`{}`: `observe` says {:?} although {step} is refused", sample.name, seen.presence).to_lowercase();
                return Err(broken("grants.observe", what, "What cannot be seen is a failure, never `absent`"));
            }
        }
    }
    Ok(())
}
