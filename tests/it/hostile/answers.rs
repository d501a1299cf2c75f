//! Guests whose answers or words are outside of the contract.

use hallpass_domain::port::Effect;
use hallpass_domain::port::FailureKind;

use super::act::act;
use super::log;

#[test]
pub(super) fn answer_with_a_long_locator() {
    act("answer_with_a_long_locator").play().failed("bad-answer", Effect::None);
}

#[test]
pub(super) fn answer_with_a_long_continuation() {
    act("answer_with_a_long_continuation").play().failed("bad-answer", Effect::None);
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
    act("read_anothers_settings").play().succeeded();
}

#[test]
pub(super) fn answer() {
    act("answer").play().succeeded();
}
