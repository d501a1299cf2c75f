//! A refusal of the target ends as a failure of its kind, and the effect is told truthfully.

use std::collections::BTreeSet;

use crate::bench::{Bench, Law, broken, said, word};
use crate::outcome::{Place, places};
use crate::sight::sights;
use crate::subject::Kind;
use crate::world::{Fault, Point};

/// What a refusal must come to.
#[derive(Clone, Copy)]
enum Ends {
    /// In a failure of this kind: nobody but the operator can mend it.
    In(Kind),
    /// In a failure of any kind, or in what was asked for.
    Truly,
    /// As the connector takes it: with HTTP, "not there" and "there already" can be what was hoped for. The same call again helps where
    /// it was not so.
    Somehow,
}

/// What a database says. PostgreSQL, appendix A.
const SQL: [(&str, &str, Ends); 8] = [
    ("28000", "invalid authorization specification", Ends::In(Kind::Unauthenticated)),
    ("42501", "permission denied", Ends::In(Kind::Forbidden)),
    ("57P01", "terminating connection due to administrator command", Ends::In(Kind::Unavailable)),
    ("57014", "canceling statement due to statement timeout", Ends::In(Kind::Timeout)),
    ("42704", "object does not exist", Ends::Truly),
    ("42710", "object already exists", Ends::Truly),
    ("40001", "could not serialize access due to concurrent update", Ends::Truly),
    ("XX000", "cache lookup failed", Ends::Truly),
];

/// What an HTTP server says. RFC 9110, section 15; RFC 6585, section 4.
const HTTP: [(Fault, Ends); 9] = [
    (Fault::Status(401), Ends::In(Kind::Unauthenticated)),
    (Fault::Status(403), Ends::In(Kind::Forbidden)),
    (Fault::Status(429), Ends::In(Kind::RateLimited)),
    (Fault::Status(503), Ends::In(Kind::Unavailable)),
    (Fault::Status(500), Ends::Truly),
    (Fault::Status(400), Ends::Truly),
    (Fault::Echo, Ends::Truly),
    (Fault::Status(404), Ends::Somehow),
    (Fault::Status(409), Ends::Somehow),
];

/// All refusals that a step can meet.
fn refusals(step: &Point) -> Vec<(Fault, Ends)> {
    if step.is_request() {
        return HTTP.to_vec();
    }
    let refuse = |(sqlstate, message, ends): &(&str, &str, Ends)| {
        (Fault::Refuse { sqlstate: (*sqlstate).to_owned(), message: (*message).to_owned() }, *ends)
    };
    SQL.iter().map(refuse).collect()
}

pub(super) async fn check(bench: &Bench<'_>) -> Law {
    let mut met = BTreeSet::new();
    for place in places(bench).await? {
        // All of them at the first step of each sort, elsewhere two in turn: each step is refused, and each refusal is met.
        let first = met.insert((place.first.sample.name.clone(), place.change, place.step.sort()));
        let all = refusals(&place.step);
        let some: Vec<_> = if first { all } else { all.into_iter().cycle().skip(place.n * 2).take(2).collect() };
        for (fault, ends) in some {
            refused(bench, &place, fault, ends).await?;
        }
        if place.step.is_request() && place.step.changes() {
            // A server may fail when the work is done.
            for status in [500, 503] {
                refused(bench, &place, Fault::StatusAfter(status), Ends::Truly).await?;
            }
        }
    }
    sights(bench, Fault::unreadable, "What cannot be seen is a failure, never `absent`").await
}

async fn refused(bench: &Bench<'_>, place: &Place, fault: Fault, ends: Ends) -> Law {
    let struck = place.strike(bench, fault).await?;
    if let (Err(failure), Ends::In(kind)) = (&struck.done, ends)
        && failure.kind != kind
    {
        let what = format!("{} ends in {}, not in {}", struck.story, said(failure), word(kind));
        let mend = if place.step.is_request() {
            "Let the status decide the kind (`success()` in Rust, `request` of the helpers): the operator mends what it says"
        } else {
            "Give the host's failure on as it is: the operator mends what its kind says"
        };
        return Err(broken(place.change.item(), what, mend));
    }
    if matches!(ends, Ends::Somehow) && struck.done.is_ok() {
        return struck.check_recovery(&place.entitlement, &place.clean).await;
    }
    struck.check_truth().await
}
