//! Each step that gives or takes a right is needed: where one is left out, the look sees it.

use crate::bench::{Bench, Law, Scene, broken, run, wish};
use crate::subject::{Entitlement, Presence, Run, Wish};
use crate::world::{Fault, Point, State};

/// A change, and what it leads to.
#[derive(Clone, Copy)]
enum Change {
    Apply,
    Extend,
    Suspend,
    Resume,
    Revoke,
}

impl Change {
    fn goal(self) -> Presence {
        match self {
            Self::Apply | Self::Extend | Self::Resume => Presence::Present,
            Self::Suspend => Presence::Suspended,
            Self::Revoke => Presence::Absent,
        }
    }

    fn item(self) -> &'static str {
        if matches!(self, Self::Revoke) { "grants.revoke" } else { "grants.apply" }
    }
}

pub(super) async fn check(bench: &Bench<'_>) -> Law {
    for (sample, entitlement) in bench.samples() {
        let mut changes = vec![Change::Apply, Change::Extend, Change::Revoke];
        if entitlement.suspend {
            changes.extend([Change::Suspend, Change::Resume]);
        }
        for change in changes {
            let (steps, whole) = {
                let scene = bench.scene();
                let want = prepare(&scene, wish(sample, entitlement), change).await?;
                let _ = perform(&scene, &want, change).await;
                (scene.trace(), scene.state())
            };
            for (n, step) in steps.iter().enumerate().filter(|(_, step)| step.gives_or_takes()) {
                left_out(bench, entitlement, change, wish(sample, entitlement), (n, step), &whole).await?;
            }
        }
    }
    Ok(())
}

/// Leaves one step out. Where the target is then another than it should be, nobody may believe that it is whole.
async fn left_out(
    bench: &Bench<'_>,
    entitlement: &Entitlement,
    change: Change,
    first: Wish,
    (n, step): (usize, &Point),
    whole: &State,
) -> Law {
    let scene = bench.scene();
    let want = prepare(&scene, first, change).await?;
    scene.strike(n, Fault::Skip);
    // A connector that notices by itself is all the better.
    if !perform(&scene, &want, change).await || !scene.struck() || scene.state() == *whole {
        return Ok(());
    }
    if scene.look(&want).await? != Some(change.goal()) {
        return Ok(());
    }
    let goal = format!("{:?}", change.goal()).to_lowercase();
    let what = format!("`{}` without {step} still looks {goal}: nobody would notice that the right is not there", want.sample.name);
    let mend = if entitlement.host_looks {
        "Let `expect` of the entitlement's look cover every right that is given and taken"
    } else {
        "Declare a look for the entitlement that covers every right, or let `observe` check each"
    };
    Err(broken(change.item(), what, mend))
}

async fn prepare(scene: &Scene<'_>, first: Wish, change: Change) -> Law<Wish> {
    if matches!(change, Change::Apply) {
        return Ok(first);
    }
    let (there, _) = scene.applied(&run(1), &first).await?;
    Ok(match change {
        Change::Apply | Change::Revoke => there,
        Change::Extend => Wish { until: there.until + 3_600_000, ..there },
        Change::Suspend => Wish { suspended: true, ..there },
        Change::Resume => {
            let (suspended, _) = scene.applied(&run(2), &Wish { suspended: true, ..there }).await?;
            Wish { suspended: false, ..suspended }
        }
    })
}

/// Whether the connector says that it is done.
async fn perform(scene: &Scene<'_>, want: &Wish, change: Change) -> bool {
    let run: Run = run(3);
    match change {
        Change::Revoke => scene.revoke(&run, want).await.is_ok(),
        _ => scene.apply(&run, want).await.is_ok(),
    }
}
