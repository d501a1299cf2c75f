//! Guests that take time: the processor's, or everybody's.

use std::net::TcpListener;

use hallpass_domain::port::Effect;

use super::act::{In, act, act_written};

#[test]
pub(super) fn loop_for_ever() {
    act("loop_for_ever").play().failed("cpu-budget", Effect::None);
}

#[test]
pub(super) fn burn_with_copies() {
    act("burn_with_copies").play().failed("cpu-budget", Effect::None);
}

#[test]
pub(super) fn backtrack() {
    act("backtrack").play().failed("cpu-budget", Effect::None);
}

#[test]
pub(super) fn call_the_host_for_ever() {
    act("call_the_host_for_ever").play().failed("cpu-budget", Effect::None);
}

#[test]
pub(super) fn loop_in_start() {
    act_written("loop_in_start").play().failed("cpu-budget", Effect::None);
}

#[test]
pub(super) fn loop_in_describe() {
    act("loop_in_describe").in_call(In::Describe).play().failed("cpu-budget", Effect::None);
}

#[test]
pub(super) fn trap_in_start() {
    act_written("trap_in_start").play().failed("panic", Effect::None);
}

#[test]
pub(super) fn sleep_in_the_database() {
    act("sleep_in_the_database").within_ms(1_500).play().failed("deadline", Effect::None);
}

#[test]
pub(super) fn wait_for_a_silent_peer() {
    // Connections wait in its queue; nobody takes them.
    let peer = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = peer.local_addr().unwrap().port().to_string();
    act("wait_for_a_silent_peer").with("port", port).within_ms(1_500).play().failed("deadline", Effect::None);
}
