//! An answer that makes no sense ends as a failure, not in a trap and not in a claim.

use crate::bench::{Bench, Law, broken, run, wish};
use crate::outcome::places;
use crate::subject::{Failure, Presence};
use crate::world::{Fault, Point};

const MEND: &str = "Read values with their names and types, and give a failure on: garbage is no reason to panic or to guess";

pub(super) async fn check(bench: &Bench<'_>) -> Law {
    for place in places(bench).await? {
        for fault in nonsense(&place.step) {
            let struck = place.strike(bench, fault.clone()).await?;
            if struck.done.as_ref().err().is_some_and(is_trap) {
                return Err(broken(place.change.item(), format!("{} makes it trap", struck.story), MEND));
            }
            struck.check_truth().await?;
        }
    }
    for (sample, entitlement) in bench.samples() {
        let scene = bench.scene();
        let (want, _) = scene.applied(&run(1), &wish(sample, entitlement)).await?;
        let _ = scene.observe(&run(2), &want).await;
        for (n, step) in scene.trace().iter().enumerate() {
            for fault in nonsense(step) {
                scene.strike(n, fault.clone());
                let what = match scene.observe(&run(2), &want).await {
                    Err(failure) if is_trap(&failure) => "makes it trap",
                    Ok(seen) if seen.presence != Presence::Present => "makes it see what is not so",
                    _ => continue,
                };
                return Err(broken("grants.observe", format!("`{}`: `observe` ({step} {fault}) {what}", sample.name), MEND));
            }
        }
    }
    Ok(())
}

/// The answers without sense that a step can have.
fn nonsense(step: &Point) -> &'static [Fault] {
    match step {
        Point::Read(_) => &[Fault::Garbage],
        Point::Ask(_) | Point::Send(_) => &[Fault::Garbage, Fault::Page],
        Point::Open(_) | Point::Change(_) | Point::Commit => &[],
    }
}

fn is_trap(failure: &Failure) -> bool {
    matches!(failure.code.as_str(), "panic" | "trap")
}
