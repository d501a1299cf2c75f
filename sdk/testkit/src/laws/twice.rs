//! Applying twice is one effect.

use crate::bench::{Bench, Law, broken, run, said, wish};
use crate::subject::{Done, Run};

const ITEM: &str = "grants.apply";
const MEND: &str = "Look first and do what is missing: create, extend, suspend and resume are one convergent call";

pub(super) async fn check(bench: &Bench<'_>) -> Law {
    for (sample, entitlement) in bench.samples() {
        let scene = bench.scene();
        let name = &sample.name;
        let (want, first) = scene.applied(&run(1), &wish(sample, entitlement)).await?;
        let once = scene.state();
        for (again, how) in [(Run { attempt: 2, ..run(1) }, "as the same operation"), (run(3), "as another operation")] {
            let second = scene
                .apply(&again, &want)
                .await
                .map_err(|failure| broken(ITEM, format!("`{name}`, applied again {how}, fails: {}", said(&failure)), MEND))?;
            if scene.state() != once {
                return Err(broken(
                    ITEM,
                    format!("`{name}`, applied again {how}, has a second effect: {}", difference(&once, &scene.state())),
                    MEND,
                ));
            }
            let (Done::Settled { locator: a, .. }, Done::Settled { locator: b, .. }) = (&first.done, &second.done) else { continue };
            if a != b {
                let what = format!("`{name}`, applied again {how}, gives another locator: \"{b}\" after \"{a}\"");
                return Err(broken(ITEM, what, "Give the same locator for the same thing in the target"));
            }
        }
    }
    Ok(())
}

/// The first thing that two states do not share.
pub(crate) fn difference(before: &crate::world::State, after: &crate::world::State) -> String {
    let changed =
        after.iter().find(|(thing, fields)| before.get(*thing) != Some(fields)).map(|(thing, _)| format!("\"{thing}\" is another"));
    let gone = before.keys().find(|thing| !after.contains_key(*thing)).map(|thing| format!("\"{thing}\" is gone"));
    changed.or(gone).unwrap_or_default()
}
