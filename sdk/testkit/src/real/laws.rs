//! Each law as it is checked at a real target: by what calls say and what looks see.

use std::collections::BTreeSet;

use super::{LASTS, Place};
use crate::bench::{Bench, Law, Scene, WITHIN, broken, run, said};
use crate::subject::{Applied, Done, Item, Presence, Run, Wish};

/// Pages after which a listing is taken to have no end.
const ENDLESS: usize = 100;
/// How many items are on a page where all of a listing is wanted soon.
const LARGE: u32 = 1_000;

/// Checks the law of this name.
pub(super) async fn check(law: &str, bench: &Bench<'_>, scene: &Scene<'_>, places: &[Place<'_>]) -> Law {
    match law {
        "health" => return health(scene).await,
        "paging" => return paging(scene, places).await,
        "reads" => described(bench, scene).await?,
        _ => {}
    }
    for place in places {
        match law {
            "agreement" => agreement(scene, place).await?,
            "twice" => twice(scene, place).await?,
            "absent" => absent(scene, place).await?,
            "reads" => reads(bench, scene, place).await?,
            "dry-run" => dry_run(scene, place).await?,
            "secrets" => secrets(scene, place).await?,
            "fresh-instance" => fresh(scene, place).await?,
            other => return Err(broken("hallpass:fixture", format!("nobody knows how to try `{other}` at a real target"), "Teach it")),
        }
    }
    Ok(())
}

async fn health(scene: &Scene<'_>) -> Law {
    scene.health(&run(1)).await.map_err(|failure| {
        let mend = "See that the target runs and its account has the rights that the connector names; else mend the check";
        broken("health.check", format!("it fails: {}", said(&failure)), mend)
    })
}

async fn agreement(scene: &Scene<'_>, place: &Place<'_>) -> Law {
    place.seen(scene, &place.now(), Presence::Absent, "before anything was done").await?;
    place.first(scene).await?;
    place.seen(scene, &place.now(), Presence::Present, "after it was applied").await?;
    let longer = Wish { until: place.first.until + LASTS, ..place.now() };
    place.apply(scene, &run(2), &longer).await?;
    place.seen(scene, &longer, Presence::Present, "after it was extended").await?;
    if place.entitlement.suspend {
        let suspended = Wish { suspended: true, ..longer.clone() };
        place.apply(scene, &run(3), &suspended).await?;
        place.seen(scene, &suspended, Presence::Suspended, "after it was suspended").await?;
        place.apply(scene, &run(4), &longer).await?;
        place.seen(scene, &longer, Presence::Present, "after it was resumed").await?;
    }
    place.revoke(scene, 5, "after it was applied").await?;
    place.seen(scene, &place.now(), Presence::Absent, "after it was revoked").await
}

async fn twice(scene: &Scene<'_>, place: &Place<'_>) -> Law {
    let first = place.first(scene).await?;
    for (again, how) in [(Run { attempt: 2, ..run(1) }, "as the same operation"), (run(3), "as another operation")] {
        let second = place.apply(scene, &again, &place.now()).await?;
        same_locator(place, &first, &second, &format!("applied again {how}"))?;
        place.seen(scene, &place.now(), Presence::Present, "after it was applied again").await?;
    }
    place.revoke(scene, 4, "after it was applied three times").await?;
    place.seen(scene, &place.now(), Presence::Absent, "after it was applied three times and revoked once").await
}

fn same_locator(place: &Place<'_>, first: &Applied, second: &Applied, how: &str) -> Law {
    match (&first.done, &second.done) {
        (Done::Settled { locator: a, .. }, Done::Settled { locator: b, .. }) if a != b => {
            let what = format!("`{}`, {how}, gives another locator: \"{b}\" after \"{a}\"", place.name());
            Err(broken("grants.apply", what, "Give the same locator for the same thing in the target"))
        }
        _ => Ok(()),
    }
}

async fn absent(scene: &Scene<'_>, place: &Place<'_>) -> Law {
    place.revoke(scene, 1, "before it was ever applied").await?;
    place.revoke(scene, 1, "a second time").await?;
    place.seen(scene, &place.now(), Presence::Absent, "after what is absent was revoked").await?;
    place.apply(scene, &run(2), &place.first).await?;
    place.revoke(scene, 3, "after it was applied").await?;
    place.revoke(scene, 4, "after it was applied and revoked").await
}

/// As far as the look sees.
async fn reads(bench: &Bench<'_>, scene: &Scene<'_>, place: &Place<'_>) -> Law {
    for (right, when) in [(Presence::Absent, "while it was absent"), (Presence::Present, "while it was present")] {
        if right == Presence::Present {
            place.first(scene).await?;
        }
        let _ = scene.observe(&run(2), &place.now()).await;
        let _ = scene.health(&run(3)).await;
        if bench.surface().inventory {
            let _ = scene.page(&run(4), None, 100).await;
        }
        let seen = scene.look(&place.now()).await?;
        if seen != Some(right) {
            let what = format!("`{}` is another after `observe`, `health` and a listing {when}", place.name());
            return Err(broken("grants.observe", what, "Read only; what changes belongs into `apply`, `revoke` or a tool"));
        }
    }
    Ok(())
}

async fn described(bench: &Bench<'_>, scene: &Scene<'_>) -> Law {
    if !bench.surface().describe {
        return Ok(());
    }
    scene.describe(&run(1)).await.map(drop).map_err(|failure| {
        broken("describe.describe", format!("it fails: {}", said(&failure)), "Make it succeed wherever the settings are whole")
    })
}

async fn dry_run(scene: &Scene<'_>, place: &Place<'_>) -> Law {
    const MEND: &str = "Ask `invocation.dry-run` before anything that changes the target, and only say what would be done";
    let dry = Run { dry_run: true, ..run(1) };
    let applied = scene.apply(&dry, &place.first).await;
    if scene.look(&place.first).await? != Some(Presence::Absent) {
        return Err(broken("grants.apply", format!("a dry run of `{}` changes the target", place.name()), MEND));
    }
    if applied.is_ok_and(|applied| applied.delivered.is_some()) {
        return Err(broken("grants.apply", format!("a dry run of `{}` delivers a secret that is in place nowhere", place.name()), MEND));
    }
    place.apply(scene, &run(2), &place.first).await?;
    let _ = scene.revoke(&Run { operation: 3, ..dry }, &place.now()).await;
    if scene.look(&place.now()).await? != Some(Presence::Present) {
        return Err(broken("grants.revoke", format!("a dry run of revoking `{}` changes the target", place.name()), MEND));
    }
    Ok(())
}

async fn secrets(scene: &Scene<'_>, place: &Place<'_>) -> Law {
    const ITEM: &str = "grants.apply";
    if !place.entitlement.provisions {
        return Ok(());
    }
    let first = place.first(scene).await?;
    let longer = place.apply(scene, &run(2), &Wish { until: place.first.until + LASTS, ..place.now() }).await?;
    if longer.delivered.is_some() {
        let what = format!("`{}`, extended without `fresh-credential`, delivers a secret: the one in use is lost", place.name());
        return Err(broken(ITEM, what, "Touch a secret only where `holding.fresh-credential` is true or the account is made anew"));
    }
    let again = place.apply(scene, &run(3), &Wish { fresh_credential: true, ..place.now() }).await?;
    if first.delivered.is_some() && again.delivered.is_none() {
        let what = format!("`{}`, applied with `fresh-credential`, delivers no secret", place.name());
        return Err(broken(ITEM, what, "Make a new secret, put it in place and deliver it whenever `holding.fresh-credential` is true"));
    }
    Ok(())
}

async fn fresh(scene: &Scene<'_>, place: &Place<'_>) -> Law {
    let first = place.first(scene).await?;
    place.revoke(scene, 2, "after it was applied").await?;
    place.forget();
    let sooner = Run { within_ms: WITHIN - 1_234, ..run(1) };
    let second = place.apply(scene, &sooner, &place.first).await?;
    if !place.entitlement.marked {
        // Without a mark the target names what it makes: two things in a row may have two names.
        return Ok(());
    }
    same_locator(place, &first, &second, "applied anew after it was revoked")
}

async fn paging(scene: &Scene<'_>, places: &[Place<'_>]) -> Law {
    const ITEM: &str = "inventory.list-page";
    for place in places {
        place.first(scene).await?;
    }
    let whole = listing(scene, LARGE).await?;
    // Small pages of a large target would take a day.
    let small = u32::try_from(whole.len() / 7 + 1).unwrap_or(LARGE).max(2);
    let parts = listing(scene, small).await?;
    let ours = |items: &BTreeSet<Item>, place: &Place<'_>| {
        let (sample, stamp) = (&place.first.sample, scene.subject.stamp(place.first.holding));
        items.iter().any(|item| {
            let who = sample.account.as_ref().map_or(item.stamp.as_ref() == Some(&stamp), |account| *account == item.account);
            who && item.entitlement == sample.entitlement && item.resource == sample.resource
        })
    };
    for (items, limit) in [(&whole, LARGE), (&parts, small)] {
        if let Some(place) = places.iter().find(|place| !ours(items, place)) {
            let what = format!("`{}` was applied and is in no page of {limit}", place.name());
            let mend = "List everything that the target holds, with the account or stamp, the entitlement and the resource";
            return Err(broken(ITEM, what, mend));
        }
    }
    Ok(())
}

/// Everything, in pages of `limit`. What others change meanwhile is no fault of the connector.
async fn listing(scene: &Scene<'_>, limit: u32) -> Law<BTreeSet<Item>> {
    const ITEM: &str = "inventory.list-page";
    let (mut all, mut cursors, mut cursor) = (BTreeSet::new(), BTreeSet::new(), None::<String>);
    for _ in 0..ENDLESS {
        let page = scene.page(&run(800), cursor.as_deref(), limit).await.map_err(|failure| {
            broken(ITEM, format!("a page of {limit} fails: {}", said(&failure)), "Make it succeed, and `complete` at the end")
        })?;
        all.extend(page.items);
        let Some(next) = page.next else { return Ok(all) };
        if !cursors.insert(next.clone()) {
            return Err(broken(ITEM, format!("in pages of {limit} a cursor comes again"), "Give each page a cursor of its own"));
        }
        cursor = Some(next);
    }
    Err(broken(ITEM, format!("pages of {limit} have no end"), "Say `complete` when nothing follows"))
}
