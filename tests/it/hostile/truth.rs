//! Guests that lie: the host believes what it sees.

use hallpass_domain::holding::Presence;
use hallpass_domain::port::Effect;

use super::act::{In, Outcome, act};
use super::stage::{executor, stage};

/// What the host sees of the holding afterwards.
fn seen(done: &Outcome) -> Option<Presence> {
    executor().block_on(stage().seen(&done.wish))
}

#[test]
pub(super) fn behave() {
    let done = act("behave").play().succeeded();
    assert_eq!(seen(&done), Some(Presence::Present));
    let delivery = done.result.ok().flatten().and_then(|applied| applied.delivery).expect("a password was delivered");
    assert_eq!(delivery.label, "password");
}

#[test]
pub(super) fn do_nothing() {
    assert_eq!(seen(&act("do_nothing").play().succeeded()), Some(Presence::Absent), "it says done, and the host sees nothing");
}

#[test]
pub(super) fn say_gone_and_let_stay() {
    let done = act("say_gone_and_let_stay").play().succeeded();
    let gone = act("say_gone_and_let_stay").in_call(In::Revoke).play_for(done.wish).succeeded();
    assert_eq!(seen(&gone), Some(Presence::Present), "it says gone, and the host sees it");
}

#[test]
pub(super) fn forget_the_mark() {
    assert_eq!(seen(&act("forget_the_mark").play().succeeded()), None, "a role without our mark is none of our states");
}

#[test]
pub(super) fn forge_the_mark() {
    assert_eq!(seen(&act("forge_the_mark").play().succeeded()), None, "another's mark is none of our states");
}

#[test]
pub(super) fn promise_nothing_changed() {
    let failed = act("promise_nothing_changed").play().failed("no-change", Effect::Partial);
    assert_eq!(seen(&failed), Some(Presence::Present));
}

#[test]
pub(super) fn panic_after_a_commit() {
    let failed = act("panic_after_a_commit").play().failed("panic", Effect::Unknown);
    assert_eq!(seen(&failed), Some(Presence::Present), "what was committed stays, and is looked for");
}

#[test]
pub(super) fn stall_in_a_transaction() {
    let failed = act("stall_in_a_transaction").within_ms(1_500).play().failed("deadline", Effect::None);
    // The server hears of the lost client once it is done with its statement; until then, nothing is committed.
    assert_eq!(executor().block_on(stage().roles(&failed.wish)), 0);
}
