//! A fresh instance gives the same result: nothing of a call depends on what is no part of it.

use crate::bench::{Bench, Law, WITHIN, broken, run, wish};
use crate::subject::{Done, Run};

const ITEM: &str = "grants.apply";
const MEND: &str = "Let what you make depend on the holding and the target alone, not on the time that is left or on who calls";

pub(super) async fn check(bench: &Bench<'_>) -> Law {
    for (sample, entitlement) in bench.samples() {
        let (one, other) = (bench.scene(), bench.scene());
        let (_, first) = one.applied(&run(1), &wish(sample, entitlement)).await?;
        let steps = one.trace();
        let sooner = Run { within_ms: WITHIN - 1_234, ..run(1) };
        let (_, second) = other.applied(&sooner, &wish(sample, entitlement)).await?;
        let name = &sample.name;
        if let (Done::Settled { locator: a, .. }, Done::Settled { locator: b, .. }) = (&first.done, &second.done)
            && a != b
        {
            let what = format!("`{name}`, applied in two equal worlds, gives the locators \"{a}\" and \"{b}\"");
            return Err(broken(ITEM, what, MEND));
        }
        if let Some((step, _)) = other.trace().iter().zip(&steps).find(|(a, b)| a != b) {
            return Err(broken(ITEM, format!("`{name}`, applied in two equal worlds, takes other steps: {step}"), MEND));
        }
        if other.trace().len() != steps.len() {
            return Err(broken(
                ITEM,
                format!("`{name}`, applied in two equal worlds, takes {} steps and {}", steps.len(), other.trace().len()),
                MEND,
            ));
        }
    }
    Ok(())
}
