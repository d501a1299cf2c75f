//! After every change, `observe` and the host's look see what was asked for.

use crate::bench::{Bench, Law, Scene, broken, run, said, wish};
use crate::subject::{Entitlement, Presence, Wish};

pub(super) async fn check(bench: &Bench<'_>) -> Law {
    for (sample, entitlement) in bench.samples() {
        let scene = bench.scene();
        let want = wish(sample, entitlement);
        seen(&scene, entitlement, &want, Presence::Absent, "before anything was done").await?;
        let (want, _) = scene.applied(&run(1), &want).await?;
        seen(&scene, entitlement, &want, Presence::Present, "after it was applied").await?;
        let longer = Wish { until: want.until + 3_600_000, ..want };
        let (mut want, _) = scene.applied(&run(2), &longer).await?;
        seen(&scene, entitlement, &want, Presence::Present, "after it was extended").await?;
        if entitlement.suspend {
            let (suspended, _) = scene.applied(&run(3), &Wish { suspended: true, ..want }).await?;
            seen(&scene, entitlement, &suspended, Presence::Suspended, "after it was suspended").await?;
            let (resumed, _) = scene.applied(&run(4), &Wish { suspended: false, ..suspended }).await?;
            seen(&scene, entitlement, &resumed, Presence::Present, "after it was resumed").await?;
            want = resumed;
        }
        scene.revoked(&run(5), &want).await?;
        seen(&scene, entitlement, &want, Presence::Absent, "after it was revoked").await?;
    }
    Ok(())
}

pub(crate) async fn seen(scene: &Scene<'_>, entitlement: &Entitlement, want: &Wish, right: Presence, when: &str) -> Law {
    let name = &want.sample.name;
    let by_host = scene.look(want).await?;
    if by_host != Some(right) {
        let saw = by_host.map_or("none of the declared states (drift)".to_owned(), |p| format!("{p:?}").to_lowercase());
        let item = if right == Presence::Absent { "grants.revoke" } else { "grants.apply" };
        let mend = "Do all of it, and let `expect` of the look say what each state looks like";
        return Err(broken(item, format!("{when}, the look at `{name}` sees {saw}, not {}", format!("{right:?}").to_lowercase()), mend));
    }
    let observed = scene.observe(&run(901), want).await.map_err(|failure| {
        broken("grants.observe", format!("{when}, `observe` of `{name}` fails: {}", said(&failure)), "Make it succeed in every state")
    })?;
    if observed.presence != right {
        let what = format!("{when}, `observe` of `{name}` says {:?} where the look sees {right:?}", observed.presence).to_lowercase();
        return Err(broken("grants.observe", what, "Let `observe` tell what is in the target, not what was asked for"));
    }
    if entitlement.marked && right != Presence::Absent && observed.ours != Some(true) {
        let what = format!("{when}, `observe` of `{name}` does not find our mark");
        return Err(broken("grants.observe", what, "Put the stamp on what you make and read it back: `mark: ours` where it is there"));
    }
    Ok(())
}
