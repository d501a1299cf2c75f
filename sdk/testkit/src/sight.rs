//! What every sight must keep, whatever goes wrong in it: nothing is seen that is not so.

use crate::bench::{Bench, Law, broken, run, wish};
use crate::subject::{Failure, Presence};
use crate::world::{Fault, Point};

/// Lets `faults` strike at every step of `observe`, before the access is there and while it is, and of a listing. Each may fail, or be
/// right.
pub(crate) async fn sights(bench: &Bench<'_>, faults: fn(&Point) -> Vec<Fault>, mend: &str) -> Law {
    for (sample, entitlement) in bench.samples() {
        for right in [Presence::Absent, Presence::Present] {
            let scene = bench.scene();
            let mut want = wish(sample, entitlement);
            if right == Presence::Present {
                want = scene.applied(&run(1), &want).await?.0;
            }
            let _ = scene.observe(&run(2), &want).await;
            for (n, step) in scene.trace().iter().enumerate() {
                for fault in faults(step) {
                    scene.strike(n, fault.clone());
                    let what = match scene.observe(&run(2), &want).await {
                        Err(failure) if is_trap(&failure) => "makes it trap",
                        Ok(seen) if seen.presence != right => "makes it see what is not so",
                        _ => continue,
                    };
                    return Err(broken("grants.observe", format!("`{}`: `observe` ({step} {fault}) {what}", sample.name), mend));
                }
            }
        }
    }
    if !bench.surface().inventory {
        return Ok(());
    }
    let scene = bench.scene();
    for (n, (sample, entitlement)) in (1..).zip(bench.samples()) {
        let _ = scene.apply(&run(n), &crate::subject::Wish { holding: n, ..wish(sample, entitlement) }).await;
    }
    // Where nothing goes wrong, the law on paging says what is right.
    let Ok(whole) = scene.page(&run(800), None, 1_000).await else { return Ok(()) };
    for (n, step) in scene.trace().iter().enumerate() {
        for fault in faults(step) {
            scene.strike(n, fault.clone());
            let what = match scene.page(&run(800), None, 1_000).await {
                Err(failure) if is_trap(&failure) => "makes it trap",
                Ok(page) if page != whole => "makes it list what is not so",
                _ => continue,
            };
            return Err(broken("inventory.list-page", format!("a page ({step} {fault}) {what}"), mend));
        }
    }
    Ok(())
}

/// Whether the connector broke off.
pub(crate) fn is_trap(failure: &Failure) -> bool {
    matches!(failure.code.as_str(), "panic" | "trap")
}
