//! The fixture has a sample for everything that the connector declares. Its rules are tried by the calls
//! that the other laws make, so that what is missing in them is said here, and not as a fault of the connector.

use crate::bench::{Bench, Law, broken, run, wish};

const ITEM: &str = "hallpass:fixture";

pub(super) async fn check(bench: &Bench<'_>) -> Law {
    let wishes = &bench.fixture.wishes;
    for entitlement in &bench.surface().entitlements {
        let samples = wishes.iter().filter(|w| w.entitlement == entitlement.name);
        if samples.clone().next().is_none() {
            let what = format!("it has no wish for the entitlement `{}`", entitlement.name);
            return Err(broken(
                ITEM,
                what,
                "Add one to `wishes` in fixture.json: name, entitlement, resource, and account where the mode is access",
            ));
        }
        if let Some(sample) = samples.clone().find(|w| w.account.is_some() == entitlement.provisions) {
            let what = format!("the wish `{}` must name an account exactly when the entitlement's mode is access", sample.name);
            return Err(broken(ITEM, what, "Add or remove its `account`"));
        }
    }
    if let Some(unknown) = wishes.iter().find(|w| !bench.surface().entitlements.iter().any(|e| e.name == w.entitlement)) {
        let what = format!("the wish `{}` is for `{}`, which is no entitlement of the manifest", unknown.name, unknown.entitlement);
        return Err(broken(ITEM, what, "Correct its `entitlement`"));
    }
    // The rules that everything else rests on, and what the manifest declares.
    let mut refused = Vec::new();
    for (sample, entitlement) in bench.samples() {
        let (scene, want) = (bench.scene(), wish(sample, entitlement));
        let _ = scene.apply(&run(1), &want).await;
        let _ = scene.look(&want).await;
        let _ = scene.observe(&run(1), &want).await;
        let _ = scene.revoke(&run(2), &want).await;
        refused.extend(scene.world.refused());
    }
    let scene = bench.scene();
    let _ = scene.health(&run(1)).await;
    if bench.surface().inventory {
        let _ = scene.page(&run(2), None, 100).await;
    }
    for call in &bench.fixture.calls {
        let arguments = serde_json::Value::Object(call.arguments.clone()).to_string();
        let _ = scene.call_tool(&run(3), &call.tool, &arguments).await;
    }
    refused.extend(scene.world.refused());
    if let Some(reason) = refused.first() {
        let mend = "Declare it in `http.requests` of manifest.json, or name the call in its `calls`; or send what is declared";
        return Err(broken("hallpass:manifest", reason.clone(), mend));
    }
    match bench.problems().first() {
        None => Ok(()),
        Some(problem) => Err(broken(ITEM, problem.clone(), "Mend the rule in fixture.json and build the connector again")),
    }
}
