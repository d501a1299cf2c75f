//! Paging covers everything once and says when it is complete.

use std::collections::BTreeSet;

use crate::bench::{Bench, Law, Scene, broken, run, said, wish};
use crate::subject::Item;

const ITEM: &str = "inventory.list-page";
/// Pages after which a listing is taken to have no end.
const ENDLESS: usize = 10_000;

pub(super) fn skip(bench: &Bench<'_>) -> Option<&'static str> {
    (!bench.surface().inventory).then_some("it does not export `inventory`")
}

pub(super) async fn check(bench: &Bench<'_>) -> Law {
    let scene = bench.scene();
    let mut wished = Vec::new();
    for (n, (sample, entitlement)) in (1..).zip(bench.samples()) {
        let want = crate::subject::Wish { holding: n, ..wish(sample, entitlement) };
        wished.push(scene.applied(&run(n), &want).await?.0);
    }
    let whole = listing(&scene, 1_000).await?;
    for limit in [1, 2, 3] {
        let parts = listing(&scene, limit).await?;
        if parts != whole {
            let missing = whole.difference(&parts).chain(parts.difference(&whole)).next();
            let which = missing.map(|i| format!("`{}` of {} on {}", i.entitlement, i.account, i.resource)).unwrap_or_default();
            let what = format!("pages of {limit} do not give what one page gives: {which} is only in one of them");
            return Err(broken(ITEM, what, "Go on where the page before ended, in a fixed order"));
        }
    }
    for want in &wished {
        let stamp = scene.subject.stamp(want.holding);
        let is_it = |item: &&Item| {
            let who = want.sample.account.as_ref().map_or(item.stamp.as_ref() == Some(&stamp), |account| *account == item.account);
            who && item.entitlement == want.sample.entitlement && item.resource == want.sample.resource
        };
        if !whole.iter().any(|item| is_it(&item)) {
            let what = format!("`{}` was applied and is in no page", want.sample.name);
            return Err(broken(
                ITEM,
                what,
                "List everything that the target holds, with the account or stamp, the entitlement and the resource",
            ));
        }
    }
    Ok(())
}

/// Everything, in pages of `limit`.
async fn listing(scene: &Scene<'_>, limit: u32) -> Law<BTreeSet<Item>> {
    let (mut all, mut cursors) = (BTreeSet::new(), BTreeSet::new());
    let mut cursor: Option<String> = None;
    for _ in 0..ENDLESS {
        let page = scene.page(&run(800), cursor.as_deref(), limit).await.map_err(|failure| {
            broken(ITEM, format!("a page of {limit} fails: {}", said(&failure)), "Make it succeed, or complete the fixture")
        })?;
        for item in page.items {
            if all.contains(&item) {
                let what = format!("`{}` of {} on {} is listed twice in pages of {limit}", item.entitlement, item.account, item.resource);
                return Err(broken(ITEM, what, "Begin a page behind the last item of the page before"));
            }
            all.insert(item);
        }
        let Some(next) = page.next else { return Ok(all) };
        if !cursors.insert(next.clone()) {
            return Err(broken(
                ITEM,
                format!("in pages of {limit} a cursor comes again"),
                "Give each page a cursor of its own, and `complete` at the end",
            ));
        }
        cursor = Some(next);
    }
    Err(broken(ITEM, format!("pages of {limit} have no end"), "Say `complete` when nothing follows"))
}
