//! Each law catches a connector that breaks it. The connectors are in `tests/violations`, one file per law.

use std::collections::BTreeSet;
use std::sync::Arc;

use hallpass::conformance::{Kit, conform_with, judge};
use hallpass_domain::clock::ManualClock;
use hallpass_runtime::Examiner as _;
use hallpass_testkit::{Report, Verdict};
use hallpass_tests::bed::START;
use serde_json::{Value, json};

use super::bench::{assert_kept, checked};
use super::planted::{HTTP, SQL};

#[tokio::test]
async fn without_a_violation_every_law_is_checked_and_kept() {
    let report = SQL.report("none", |_| {}).await;
    assert_kept(&report);
    let all: Vec<&str> = report.laws.iter().map(|c| c.law).filter(|law| *law != "canary").collect();
    assert_eq!(checked(&report), all, "every law but the last, which looks at what was said in all others, made calls");
}

#[tokio::test]
async fn over_http_every_law_that_concerns_it_is_checked_and_kept() {
    let report = HTTP.report("none", |_| {}).await;
    assert_kept(&report);
    let checked = checked(&report);
    let skipped: Vec<&str> = report.laws.iter().map(|c| c.law).filter(|law| !checked.contains(law)).collect();
    assert_eq!(skipped, ["tools", "canary"], "it has no tools, and the last law looks at what was said in all others");
}

macro_rules! violations {
    ($table:ident, $planted:ident; $($test:ident: $violation:literal breaks $law:literal in $item:literal;)+) => {
        const $table: &[(&str, &str)] = &[$(($violation, $law)),+];
        $(
            #[tokio::test]
            async fn $test() {
                $planted.is_caught($violation, $law, $item).await;
            }
        )+
    };
}

violations! { OVER_SQL, SQL;
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
    half_of_it_after_a_trap: "trap" breaks "trap" in "grants.apply";
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

violations! { OVER_HTTP, HTTP;
    a_request_that_is_not_declared: "undeclared" breaks "fixture" in "hallpass:manifest";
    any_answer_called_healthy: "health" breaks "health" in "health.check";
    a_listing_that_was_refused_called_complete: "paging" breaks "refusal" in "inventory.list-page";
    a_status_of_another_kind: "kind" breaks "refusal" in "grants.apply";
    a_status_that_nobody_looked_at: "claim" breaks "refusal" in "grants.apply";
    a_status_called_absent: "blind" breaks "refusal" in "grants.observe";
    a_404_called_an_error: "absent" breaks "absent" in "grants.revoke";
    a_key_without_a_door_after_a_lost_reply: "lost-reply" breaks "lost-reply" in "grants.apply";
    a_key_without_a_door_after_a_trap: "trap" breaks "trap" in "grants.apply";
    a_panic_over_a_body: "garbage" breaks "garbage" in "grants.apply";
    any_document_called_a_key: "shape" breaks "garbage" in "grants.observe";
    an_empty_document_called_absent: "hollow" breaks "garbage" in "grants.observe";
    a_spare_key_in_the_log: "canary" breaks "canary" in "invocation.log";
}

#[tokio::test]
async fn a_fixture_that_is_not_whole_is_named() {
    let finding = |report: &Report| match &report.laws[0].verdict {
        Verdict::Broken(finding) => finding.what.clone(),
        other => panic!("{other:?}"),
    };
    let no_wish = SQL.report("none", |fixture| fixture["wishes"].as_array_mut().unwrap().truncate(1)).await;
    assert!(finding(&no_wish).contains("list.member"), "{no_wish:?}");
    let no_rule = SQL.report("none", |fixture| drop(fixture["sql"].as_object_mut().unwrap().remove("melt"))).await;
    assert!(finding(&no_rule).contains("sql.melt"), "{no_rule:?}");
    let wrong_slot = SQL.report("none", |fixture| fixture["sql"]["member"] = json!({"if": "list {lists}"})).await;
    assert!(finding(&wrong_slot).contains("{lists}"), "{wrong_slot:?}");
    let no_answer = HTTP.report("none", |fixture| drop(fixture["http"].as_object_mut().unwrap().remove("give"))).await;
    assert!(finding(&no_answer).contains("http.give"), "{no_answer:?}");
}

#[tokio::test]
async fn a_wish_with_parameters_that_no_request_may_carry_is_named() {
    let (bench, digest) = SQL.bench().await;
    let mut fixture: Value = serde_json::from_slice(&bench.runtime.fixture(digest).unwrap()).unwrap();
    fixture["wishes"][0]["parameters"] = json!({"level": "read"});
    let refused = conform_with(&bench.runtime, digest, fixture.to_string().as_bytes()).await.unwrap_err();
    assert!(
        refused.reason.contains("its fixture is not valid: at `wishes`") && refused.reason.contains("has no parameter level"),
        "{refused}"
    );
}

fn kit() -> Kit {
    Kit::new(Arc::new(ManualClock::new(START)))
}

#[tokio::test]
async fn an_examination_has_an_end() {
    let (bench, digest) = HTTP.bench().await;
    let clock = ManualClock::new(START);
    let kit = Kit::new(Arc::new(clock.clone()));
    let mut examination = std::pin::pin!(kit.examine(&bench.runtime, digest));
    let late = loop {
        tokio::select! {
            biased;
            done = &mut examination => break done,
            () = tokio::task::yield_now() => clock.advance(60_000),
        }
    };
    assert!(late.unwrap_err().reason.contains("not all checked after 120 s"));
}

#[tokio::test]
async fn what_breaks_a_law_is_not_admitted_and_the_reason_names_the_law() {
    let (bench, digest) = SQL.bench().await;
    kit().examine(&bench.runtime, digest).await.expect("its own fixture names no violation");
    let mut fixture: Value = serde_json::from_slice(&bench.runtime.fixture(digest).unwrap()).unwrap();
    fixture["target"]["settings"]["violation"] = json!("twice");
    let report = conform_with(&bench.runtime, digest, fixture.to_string().as_bytes()).await.unwrap();
    let refused = judge(&report).unwrap_err();
    assert!(refused.reason.contains("twice (grants.apply)"), "{refused}");
}

#[tokio::test]
async fn over_http_too_what_breaks_a_law_is_not_admitted() {
    let (bench, digest) = HTTP.bench().await;
    kit().examine(&bench.runtime, digest).await.expect("its own fixture names no violation");
    // In the fixture that this file carries, no key is ever made to fit.
    let (fits, does_not) = (br#""key {stamp}.fits": true"#, br#""key {stamp}.fits": null"#);
    let mut changed = HTTP.file().await.to_vec();
    let at = changed.windows(fits.len()).position(|bytes| bytes == fits).unwrap();
    changed[at..at + fits.len()].copy_from_slice(does_not);
    let other = bench.load(&changed).await;
    let refused = kit().examine(&bench.runtime, &other).await.unwrap_err();
    assert!(refused.reason.contains("agreement (grants.apply)"), "{refused}");
}

#[tokio::test]
async fn every_law_has_its_violation() {
    let laws: BTreeSet<&str> = SQL.report("none", |_| {}).await.laws.iter().map(|c| c.law).filter(|law| *law != "fixture").collect();
    let caught_in = |table: &[(&str, &'static str)]| table.iter().map(|(_, law)| *law).collect::<BTreeSet<_>>();
    assert_eq!(caught_in(OVER_SQL), laws);
    // Those that strike in another way over HTTP.
    assert_eq!(caught_in(OVER_HTTP), BTreeSet::from(["absent", "canary", "fixture", "garbage", "health", "lost-reply", "refusal", "trap"]));
}
