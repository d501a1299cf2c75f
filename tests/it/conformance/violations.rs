//! Each law catches a connector that breaks it. The connectors are in `tests/violations`, one file per law.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use hallpass::conformance::{Kit, conform_with, judge};
use hallpass_domain::ids::Digest;
use hallpass_runtime::Examiner as _;
use hallpass_testkit::{Report, Verdict};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::bench::{Bench, assert_kept, checked};

/// The component, loaded once: a call has a sandbox of its own anyhow.
async fn bench() -> &'static (Bench, Digest) {
    static LOADED: OnceCell<(Bench, Digest)> = OnceCell::const_new();
    LOADED
        .get_or_init(|| async {
            let file = tokio::task::spawn_blocking(build).await.unwrap();
            let bench = Bench::new();
            let digest = bench.load(&file).await;
            (bench, digest)
        })
        .await
}

fn build() -> Arc<[u8]> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut options = hallpass_build::Options::from_environment().unwrap();
    // One standard library for WebAssembly is enough.
    options.target_dir = Some(root.parent().unwrap().join("plugins/target"));
    let built = hallpass_build::build(&root.join("violations"), &options, &mut |line| eprintln!("{line}"));
    built.unwrap_or_else(|e| panic!("{e}")).bytes.into()
}

/// The report on a violation, with the fixture changed in other ways too.
async fn report(violation: &str, change: impl FnOnce(&mut Value)) -> Report {
    let (bench, digest) = bench().await;
    let mut fixture: Value = serde_json::from_slice(&bench.runtime.fixture(digest).unwrap()).unwrap();
    fixture["target"]["settings"]["violation"] = json!(violation);
    change(&mut fixture);
    bench.report(digest, fixture.to_string().as_bytes()).await
}

#[tokio::test]
async fn without_a_violation_every_law_is_checked_and_kept() {
    let report = report("none", |_| {}).await;
    assert_kept(&report);
    let all: Vec<&str> = report.laws.iter().map(|c| c.law).filter(|law| *law != "canary").collect();
    assert_eq!(checked(&report), all, "every law but the last, which looks at what was said in all others, made calls");
}

macro_rules! violations {
    ($($test:ident: $violation:literal breaks $law:literal in $item:literal;)+) => {
        const TABLE: &[(&str, &str)] = &[$(($violation, $law)),+];
        $(
            #[tokio::test]
            async fn $test() {
                caught($violation, $law, $item).await;
            }
        )+
    };
}

async fn caught(violation: &str, law: &str, item: &str) {
    let report = report(violation, |_| {}).await;
    let found = report.broken().find(|(checked, _)| checked.law == law);
    let (_, finding) = found.unwrap_or_else(|| panic!("{violation} passes the law {law}; what was found: {}", report.problems()));
    assert_eq!(finding.item, item, "{finding:?}");
    assert!(!finding.what.is_empty() && !finding.mend.is_empty());
}

violations! {
    health_that_is_always_well: "health" breaks "health" in "health.check";
    done_without_doing: "agreement" breaks "agreement" in "grants.apply";
    sight_of_what_was_asked_for: "agreement-observe" breaks "agreement" in "grants.observe";
    another_thing_on_every_call: "twice" breaks "twice" in "grants.apply";
    an_error_for_what_is_gone: "absent" breaks "absent" in "grants.revoke";
    a_right_that_no_look_covers: "every-step" breaks "every-step" in "grants.apply";
    a_description_that_changes: "reads" breaks "reads" in "describe.describe";
    a_secret_from_a_dry_run: "dry-run" breaks "dry-run" in "grants.apply";
    a_secret_that_nobody_asked_for: "secrets" breaks "secrets" in "grants.apply";
    a_failure_of_another_kind: "refusal" breaks "refusal" in "grants.apply";
    a_refusal_called_done: "refusal-claim" breaks "refusal" in "grants.apply";
    what_may_not_be_seen_called_absent: "refusal-observe" breaks "refusal" in "grants.observe";
    half_of_it_after_a_lost_reply: "lost-reply" breaks "lost-reply" in "grants.apply";
    half_of_it_after_a_deadline: "deadline" breaks "deadline" in "grants.revoke";
    a_panic_over_garbage: "garbage" breaks "garbage" in "grants.apply";
    a_name_made_of_the_time_left: "fresh-instance" breaks "fresh-instance" in "grants.apply";
    a_page_that_leaves_something_out: "paging" breaks "paging" in "inventory.list-page";
    a_page_that_shows_something_twice: "paging-twice" breaks "paging" in "inventory.list-page";
    pages_without_end: "paging-loop" breaks "paging" in "inventory.list-page";
    a_write_described_as_a_read: "tools" breaks "tools" in "describe.tool";
    a_false_outcome: "tools-outcome" breaks "tools" in "tool-outcomes.observe";
    a_secret_in_the_log: "canary" breaks "canary" in "invocation.log";
}

#[tokio::test]
async fn a_fixture_that_is_not_whole_is_named() {
    let finding = |report: &Report| match &report.laws[0].verdict {
        Verdict::Broken(finding) => finding.what.clone(),
        other => panic!("{other:?}"),
    };
    let no_wish = report("none", |fixture| fixture["wishes"].as_array_mut().unwrap().truncate(1)).await;
    assert!(finding(&no_wish).contains("list.member"), "{no_wish:?}");
    let no_rule = report("none", |fixture| drop(fixture["sql"].as_object_mut().unwrap().remove("melt"))).await;
    assert!(finding(&no_rule).contains("sql.melt"), "{no_rule:?}");
    let wrong_slot = report("none", |fixture| fixture["sql"]["member"] = json!({"if": "list {lists}"})).await;
    assert!(finding(&wrong_slot).contains("{lists}"), "{wrong_slot:?}");
}

#[tokio::test]
async fn what_breaks_a_law_is_not_admitted_and_the_reason_names_the_law() {
    let (bench, digest) = bench().await;
    Kit.examine(&bench.runtime, digest).await.expect("its own fixture names no violation");
    let mut fixture: Value = serde_json::from_slice(&bench.runtime.fixture(digest).unwrap()).unwrap();
    fixture["target"]["settings"]["violation"] = json!("twice");
    let report = conform_with(&bench.runtime, digest, fixture.to_string().as_bytes()).await.unwrap();
    let refused = judge(&report).unwrap_err();
    assert!(refused.reason.contains("twice (grants.apply)"), "{refused}");
}

#[tokio::test]
async fn every_law_has_its_violation() {
    let laws: BTreeSet<&str> = report("none", |_| {}).await.laws.iter().map(|c| c.law).filter(|law| *law != "fixture").collect();
    assert_eq!(TABLE.iter().map(|(_, law)| *law).collect::<BTreeSet<_>>(), laws);
}
