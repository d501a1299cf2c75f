//! Health succeeds where nothing is wrong, and fails where the target does.

use crate::bench::{Bench, Law, broken, run, said};
use crate::world::Fault;

const ITEM: &str = "health.check";

pub(super) async fn check(bench: &Bench<'_>) -> Law {
    let scene = bench.scene();
    scene.health(&run(1)).await.map_err(|failure| {
        broken(ITEM, format!("it fails in a world where nothing is wrong: {}", said(&failure)), "Make it succeed, or complete the fixture")
    })?;
    let steps = scene.trace();
    if steps.is_empty() {
        let mend = "Ask the target something that only a working account is told";
        return Err(broken(ITEM, "it succeeds without asking the target anything", mend));
    }
    for (n, step) in steps.iter().enumerate() {
        for fault in Fault::unreadable(step).into_iter().chain([Fault::Lose]) {
            let scene = bench.scene();
            scene.strike(n, fault.clone());
            if scene.health(&run(1)).await.is_ok() {
                return Err(broken(ITEM, format!("it succeeds although {step} {fault}"), "Give the failure on instead of ignoring it"));
            }
        }
    }
    Ok(())
}
