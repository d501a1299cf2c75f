//! A dry run changes nothing.

use super::twice::difference;
use crate::bench::{Bench, Law, broken, run, wish};
use crate::subject::Run;

const MEND: &str = "Ask `invocation.dry-run` before anything that changes the target, and only say what would be done";

pub(super) async fn check(bench: &Bench<'_>) -> Law {
    for (sample, entitlement) in bench.samples() {
        let scene = bench.scene();
        let want = wish(sample, entitlement);
        let before = scene.state();
        let dry = Run { dry_run: true, ..run(1) };
        let applied = scene.apply(&dry, &want).await;
        if scene.state() != before {
            let what = format!("a dry run of `{}` changes the target: {}", sample.name, difference(&before, &scene.state()));
            return Err(broken("grants.apply", what, MEND));
        }
        if applied.is_ok_and(|applied| applied.delivered.is_some()) {
            let what = format!("a dry run of `{}` delivers a secret that is in place nowhere", sample.name);
            return Err(broken("grants.apply", what, MEND));
        }
        let (want, _) = scene.applied(&run(2), &want).await?;
        let before = scene.state();
        let _ = scene.revoke(&Run { operation: 3, ..dry }, &want).await;
        if scene.state() != before {
            let what = format!("a dry run of revoking `{}` changes the target: {}", sample.name, difference(&before, &scene.state()));
            return Err(broken("grants.revoke", what, MEND));
        }
    }
    Ok(())
}
