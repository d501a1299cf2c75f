//! Guests that take more of something than a call may have.

use hallpass_domain::port::Effect;

use hallpass_runtime::Limits;
use hallpass_tests::guests::guests_over_http;

use super::act::act;
use super::site::Site;
use super::stage::{executor, limits, stage};

#[test]
pub(super) fn hand_over_a_huge_string() {
    act("hand_over_a_huge_string").play().failed("broken-rule", Effect::None);
}

#[test]
pub(super) fn hand_over_a_huge_list() {
    act("hand_over_a_huge_list").play().failed("broken-rule", Effect::None);
}

#[test]
pub(super) fn answer_with_a_huge_string() {
    act("answer_with_a_huge_string").play().failed("broken-rule", Effect::None);
}

#[test]
pub(super) fn answer_with_a_huge_list() {
    act("answer_with_a_huge_list").play().failed("broken-rule", Effect::None);
}

#[test]
pub(super) fn flood_of_handles() {
    let done = act("flood_of_handles").play().failed("over-limit", Effect::None);
    assert_eq!(done.failure().message, "more secrets made: a call may have 16");
}

#[test]
pub(super) fn flood_of_dropped_handles() {
    let done = act("flood_of_dropped_handles").play().failed("over-limit", Effect::None);
    assert_eq!(done.failure().message, "more secrets made: a call may have 16");
}

#[test]
pub(super) fn flood_of_sessions() {
    act("flood_of_sessions").play().failed("too-many-sessions", Effect::None);
}

#[test]
pub(super) fn flood_of_statements() {
    act("flood_of_statements").play().failed("too-many-statements", Effect::None);
}

#[test]
pub(super) fn flood_of_rows() {
    act("flood_of_rows").play().succeeded();
}

#[test]
pub(super) fn flood_of_bytes() {
    act("flood_of_bytes").play().succeeded();
}

#[test]
pub(super) fn flood_the_log() {
    let done = act("flood_the_log").play().succeeded();
    let dropped = done.log.iter().filter(|line| line.contains("dropped=9900")).count();
    assert_eq!((done.log.len(), dropped), (101, 1), "a hundred lines, and one that counts the rest");
    assert!(done.log.iter().all(|line| line.len() < 2048));
}

/// Keeps as many handles as it can, where one of their bounds is near and the other far away.
fn flood_of_fields(component_handles: usize, resources: usize, says: &str) {
    let limits = Limits { component_handles, resources, ..limits() };
    let runtime = executor().block_on(stage().another(limits, &[guests_over_http()]));
    let failed = Site::open().act("flood_of_fields").on(&runtime).play().failed("broken-rule", Effect::None);
    assert!(failed.failure().message.contains(says), "{}", failed.failure());
    assert!(!failed.log.iter().any(|line| line.contains("more than a hundred kept")), "{:?}", failed.log);
}

#[test]
fn handles_have_a_bound() {
    flood_of_fields(100, 1_000_000, "store handle limit exceeded");
}

#[test]
fn what_lies_behind_handles_has_a_bound() {
    flood_of_fields(1_000_000, 100, "resource table has no free keys");
}
