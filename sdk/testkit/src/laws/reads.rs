//! `observe`, `health`, `describe` and listings change nothing, and what depends on settings stays as it is.

use super::twice::difference;
use crate::bench::{Bench, Law, Scene, broken, run, said, wish};
use crate::world::State;

pub(super) async fn check(bench: &Bench<'_>) -> Law {
    for (sample, entitlement) in bench.samples() {
        let scene = bench.scene();
        let (want, _) = scene.applied(&run(1), &wish(sample, entitlement)).await?;
        let before = scene.state();
        let _ = scene.observe(&run(2), &want).await;
        unchanged(&scene, &before, "grants.observe")?;
        let _ = scene.health(&run(3)).await;
        unchanged(&scene, &before, "health.check")?;
        if bench.surface().inventory {
            let _ = scene.page(&run(4), None, 100).await;
            unchanged(&scene, &before, "inventory.list-page")?;
        }
    }
    if !bench.surface().describe {
        return Ok(());
    }
    let scene = bench.scene();
    let before = scene.state();
    let fails =
        |failure| broken("describe.describe", format!("it fails: {}", said(&failure)), "Make it succeed wherever the settings are whole");
    let first = scene.describe(&run(1)).await.map_err(fails)?;
    unchanged(&scene, &before, "describe.describe")?;
    let second = bench.scene().describe(&run(2)).await.map_err(fails)?;
    if first.document != second.document {
        let mend = "Let it depend on the settings and the target alone: it is asked once and pinned";
        return Err(broken("describe.describe", "asked twice, it says two things", mend));
    }
    Ok(())
}

fn unchanged(scene: &Scene<'_>, before: &State, item: &'static str) -> Law {
    if let Some(step) = scene.trace().iter().find(|step| step.changes()) {
        return Err(broken(item, format!("it runs {step}"), "Read only; what changes belongs into `apply`, `revoke` or a tool"));
    }
    if scene.state() == *before {
        return Ok(());
    }
    let what = format!("it changes the target: {}", difference(before, &scene.state()));
    Err(broken(item, what, "Read only; what changes belongs into `apply`, `revoke` or a tool"))
}
