//! Revoking what is absent is fine.

use super::twice::difference;
use crate::bench::{Bench, Law, broken, run, said, wish};

const ITEM: &str = "grants.revoke";
const MEND: &str = "What is gone already is success: settle, with `already` true, and touch nothing";

pub(super) async fn check(bench: &Bench<'_>) -> Law {
    for (sample, entitlement) in bench.samples() {
        let scene = bench.scene();
        let want = wish(sample, entitlement);
        let before = scene.state();
        for when in ["before it was ever applied", "a second time", "after it was applied and revoked"] {
            scene
                .revoke(&run(1), &want)
                .await
                .map_err(|failure| broken(ITEM, format!("`{}`, revoked {when}, fails: {}", sample.name, said(&failure)), MEND))?;
            if when == "before it was ever applied" && scene.state().keys().ne(before.keys()) {
                let what = format!("`{}`, revoked {when}, changes the target: {}", sample.name, difference(&before, &scene.state()));
                return Err(broken(ITEM, what, MEND));
            }
            if when == "a second time" {
                let (applied, _) = scene.applied(&run(2), &want).await?;
                scene.revoked(&run(3), &applied).await?;
            }
        }
    }
    Ok(())
}
