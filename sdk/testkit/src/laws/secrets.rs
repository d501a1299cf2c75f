//! A secret is made and delivered when asked for, and only then.

use crate::bench::{Bench, Law, broken, run, wish};
use crate::subject::Wish;

const ITEM: &str = "grants.apply";

pub(super) fn skip(bench: &Bench<'_>) -> Option<&'static str> {
    let provisions = bench.samples().any(|(_, entitlement)| entitlement.provisions);
    (!provisions).then_some("it provisions no account")
}

pub(super) async fn check(bench: &Bench<'_>) -> Law {
    for (sample, entitlement) in bench.samples().filter(|(_, entitlement)| entitlement.provisions) {
        let scene = bench.scene();
        let (want, first) = scene.applied(&run(1), &wish(sample, entitlement)).await?;
        let mut changes = vec![("extended", Wish { until: want.until + 3_600_000, ..want.clone() })];
        if entitlement.suspend {
            changes.push(("suspended", Wish { suspended: true, ..want.clone() }));
            changes.push(("resumed", want.clone()));
        }
        for (how, want) in changes {
            let (_, applied) = scene.applied(&run(2), &want).await?;
            if applied.delivered.is_some() {
                let what = format!("`{}`, {how} without `fresh-credential`, delivers a secret: the one in use is lost", sample.name);
                return Err(broken(ITEM, what, "Touch a secret only where `holding.fresh-credential` is true or the account is made anew"));
            }
        }
        let (_, again) = scene.applied(&run(3), &Wish { fresh_credential: true, ..want }).await?;
        if first.delivered.is_some() && again.delivered.is_none() {
            let what = format!("`{}`, applied with `fresh-credential`, delivers no secret", sample.name);
            return Err(broken(
                ITEM,
                what,
                "Make a new secret, put it in place and deliver it whenever `holding.fresh-credential` is true",
            ));
        }
    }
    Ok(())
}
