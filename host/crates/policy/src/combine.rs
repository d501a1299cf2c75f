//! Several permits at once: what each asks holds.

use hallpass_domain::request::{OnTimeout, Stage};

/// The stages of several routes, one route after the other. A group that several name stands once, where it came
/// first, with the strictest of what they say.
pub(crate) fn stages<'a>(routes: impl IntoIterator<Item = &'a [Stage]>) -> Vec<Stage> {
    let mut combined: Vec<Stage> = Vec::new();
    for stage in routes.into_iter().flatten() {
        match combined.iter_mut().find(|s| s.group == stage.group) {
            Some(earlier) => tighten(earlier, stage),
            None => combined.push(stage.clone()),
        }
    }
    combined
}

/// More approvers, fewer denials, less time; and when time runs out, the answer that gives the least.
fn tighten(stage: &mut Stage, other: &Stage) {
    stage.n = stage.n.max(other.n);
    stage.denials = stage.denials.min(other.denials);
    let severity = |on: OnTimeout| match on {
        OnTimeout::Deny => 0,
        OnTimeout::Escalate => 1,
        OnTimeout::Notify => 2,
    };
    match (stage.timeout_ms, other.timeout_ms) {
        (_, None) => {}
        (None, Some(_)) => (stage.on_timeout, stage.escalate_to) = (other.on_timeout, other.escalate_to.clone()),
        (Some(_), Some(_)) => {
            let two_ways = stage.on_timeout == OnTimeout::Escalate
                && other.on_timeout == OnTimeout::Escalate
                && stage.escalate_to != other.escalate_to;
            if two_ways {
                // Each would add a group that the other does not trust with it.
                (stage.on_timeout, stage.escalate_to) = (OnTimeout::Deny, None);
            } else if severity(other.on_timeout) < severity(stage.on_timeout) {
                (stage.on_timeout, stage.escalate_to) = (other.on_timeout, other.escalate_to.clone());
            }
        }
    }
    stage.timeout_ms = stage.timeout_ms.into_iter().chain(other.timeout_ms).min();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(group: &str, n: u32, timeout_ms: Option<u64>, on_timeout: OnTimeout, escalate_to: Option<&str>) -> Stage {
        let name = |g: &str| g.parse().unwrap();
        Stage { group: name(group), n, denials: 2, timeout_ms, on_timeout, escalate_to: escalate_to.map(name) }
    }

    #[test]
    fn a_group_that_two_routes_name_stands_once_where_it_came_first_with_the_larger_number() {
        let one = [stage("dba", 1, None, OnTimeout::Deny, None), stage("security", 2, None, OnTimeout::Deny, None)];
        let mut strict = stage("dba", 2, Some(5), OnTimeout::Notify, None);
        strict.denials = 1;
        let two = [stage("owners", 1, None, OnTimeout::Deny, None), strict.clone()];
        let combined = stages([one.as_slice(), two.as_slice()]);
        assert_eq!(combined.iter().map(|s| (s.group.as_str(), s.n)).collect::<Vec<_>>(), [("dba", 2), ("security", 2), ("owners", 1)]);
        assert_eq!(combined[0], strict, "the only time-out and the smaller number of denials hold");
    }

    #[test]
    fn when_time_runs_out_the_answer_that_gives_the_least_holds() {
        use OnTimeout::{Deny, Escalate, Notify};
        let table = [
            ((Notify, None), (Notify, None), (Notify, None)),
            ((Notify, None), (Escalate, Some("b")), (Escalate, Some("b"))),
            ((Escalate, Some("b")), (Escalate, Some("b")), (Escalate, Some("b"))),
            ((Escalate, Some("b")), (Escalate, Some("c")), (Deny, None)),
            ((Escalate, Some("b")), (Deny, None), (Deny, None)),
        ];
        for (a, b, expected) in table {
            for (x, y) in [(a, b), (b, a)] {
                let combined = stages([[stage("g", 1, Some(9), x.0, x.1)].as_slice(), [stage("g", 1, Some(7), y.0, y.1)].as_slice()]);
                assert_eq!(combined, [stage("g", 1, Some(7), expected.0, expected.1)], "{x:?} with {y:?}");
            }
        }
    }
}
