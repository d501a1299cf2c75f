//! Guests that want more of the database than was declared and approved.

use hallpass_domain::port::Effect;

use super::act::{In, act};
use super::stage::{executor, stage};

#[test]
pub(super) fn run_undeclared() {
    act("run_undeclared").play().failed("statement-not-declared", Effect::None);
}

#[test]
pub(super) fn run_in_the_wrong_call() {
    act("run_in_the_wrong_call").play().failed("statement-not-declared", Effect::None);
}

#[test]
pub(super) fn change_in_query() {
    act("change_in_query").play().failed("not-a-read", Effect::None);
}

#[test]
pub(super) fn change_while_observing() {
    act("change_while_observing").without_a_look_of_the_host().in_call(In::Observe).play().failed("no-change-here", Effect::None);
}

#[test]
pub(super) fn lie_about_a_read() {
    let done = act("lie_about_a_read").play().failed("sqlstate-25006", Effect::None);
    assert_eq!(executor().block_on(stage().kept(&done.wish)), 0);
}

#[test]
pub(super) fn transact_a_read() {
    let done = act("transact_a_read").play().failed("not-a-change", Effect::None);
    assert_eq!(executor().block_on(stage().kept(&done.wish)), 0);
}

#[test]
pub(super) fn inject() {
    act("inject").play().succeeded();
}

#[test]
pub(super) fn wrong_arguments() {
    act("wrong_arguments").play().succeeded();
}

#[test]
pub(super) fn pick_another_role() {
    act("pick_another_role").play().failed("bad-slot-value", Effect::None);
}

#[test]
pub(super) fn echo_a_secret() {
    act("echo_a_secret").play().failed("bad-slot-value", Effect::None);
}

#[test]
pub(super) fn comment_a_secret() {
    act("comment_a_secret").play().failed("bad-slot-value", Effect::None);
}

#[test]
pub(super) fn open_another_database() {
    act("open_another_database").play().failed("database-not-approved", Effect::None);
}

#[test]
pub(super) fn open_a_learned_database() {
    act("open_a_learned_database").in_call(In::Revoke).play().succeeded();
}

#[test]
pub(super) fn read_the_session() {
    act("read_the_session").play().succeeded();
}

#[test]
pub(super) fn read_a_strange_type() {
    act("read_a_strange_type").play().failed("unsupported-type", Effect::None);
}
