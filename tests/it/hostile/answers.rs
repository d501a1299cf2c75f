//! Guests whose answers or words are outside of the contract.

use hallpass_domain::port::{Done, Effect, FailureKind};

use super::act::{In, Outcome, act};
use super::log;
use super::stage::{executor, stage};

#[test]
pub(super) fn answer_with_a_long_locator() {
    let failed = act("answer_with_a_long_locator").play().failed("bad-answer", Effect::None);
    assert!(
        failed.failure().message.contains("`grants.apply` → `settled.locator` has more than 1 KiB, or NUL. Let"),
        "{}",
        failed.failure()
    );
}

#[test]
pub(super) fn answer_with_a_long_continuation() {
    let failed = act("answer_with_a_long_continuation").in_call(In::Revoke).play().failed("bad-answer", Effect::None);
    assert!(
        failed.failure().message.contains("`grants.revoke` → `outcome.pending` has more than 16 KiB, or NUL. Let"),
        "{}",
        failed.failure()
    );
}

#[test]
pub(super) fn hostile_text() {
    let failed = act("hostile_text").play().failed("no-code", Effect::None);
    assert_eq!(failed.failure().kind, FailureKind::InvalidInput);
    assert!(failed.failure().message.contains("<script>"), "it is text, and text it stays: what shows it quotes it");
}

#[test]
pub(super) fn wait_for_ever() {
    let failed = act("wait_for_ever").play().failed("later", Effect::None);
    assert_eq!(failed.failure().retry_after_ms, Some(86_400_000), "a day at most");
}

#[test]
pub(super) fn forge_a_log_line() {
    let done = act("forge_a_log_line").play().succeeded();
    assert_eq!(done.log.len(), 2, "one line each: {:?}", done.log);
    assert!(done.log.iter().all(|line| line.contains("hallpass::connector") && line.contains("guests")), "{:?}", done.log);
    let forged = log::whole().lines().any(|line| line.starts_with("2026-01-01"));
    assert!(!forged && !log::whole().contains('\u{1b}') && !log::whole().contains('\u{202e}'));
}

#[test]
pub(super) fn take_the_targets_secret() {
    act("take_the_targets_secret").play().failed("host-only-secret", Effect::None);
}

#[test]
pub(super) fn deliver_twice() {
    act("deliver_twice").play().failed("second-delivery", Effect::None);
}

#[test]
pub(super) fn deliver_hostile_text() {
    act("deliver_hostile_text").play().failed("bad-delivery", Effect::None);
}

#[test]
pub(super) fn read_anothers_settings() {
    // Another target of the same file, with a canary in its settings, at work just before and in the broker all the while.
    const CANARY: &str = "canary-of-another-target";
    executor().block_on(stage().add_target("another-target", &stage().guests, "answer", &[("user", CANARY.to_owned())]));
    assert_eq!(locator(&act("tell_its_user").with("user", CANARY.to_owned()).play()), CANARY);
    act("read_anothers_settings").play().succeeded();
}

#[test]
pub(super) fn tell_its_user() {
    assert!(locator(&act("tell_its_user").play()).starts_with("manager_"));
}

/// What a settled call says of itself.
fn locator(done: &Outcome) -> String {
    match done.result.as_ref().ok().and_then(Option::as_ref).map(|applied| &applied.done) {
        Some(Done::Settled { locator, .. }) => locator.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
pub(super) fn come_back() {
    let first = act("come_back").play().succeeded();
    let Some(Some(applied)) = first.result.as_ref().ok() else { panic!("it applied") };
    assert_eq!(applied.done, Done::Pending("made".to_owned()));
}

#[test]
pub(super) fn answer() {
    act("answer").play().succeeded();
}
