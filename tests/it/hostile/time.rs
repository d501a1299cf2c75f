//! Guests that take time: the processor's, or everybody's.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use hallpass::client::Until;
use hallpass_domain::port::{Connector as _, Effect};
use hallpass_runtime::Limits;
use hallpass_tests::guests::{guests, written};

use super::act::{In, act, act_written};
use super::log;
use super::stage::{executor, limits, load, stage};

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

#[test]
pub(super) fn give_up_when_told() {
    let runtime = executor().block_on(stage().another(limits(), &[guests().to_vec()]));
    act("give_up_when_told").on(&runtime).play().succeeded();
    runtime.stopping();
    act("give_up_when_told").on(&runtime).play().failed("given-up", Effect::None);
}

#[test]
pub(super) fn work_until_cancelled() {
    let file = written("work_until_cancelled");
    executor().block_on(async {
        let stage = stage();
        let connector = load(&stage.broker, &stage.operator, &file).await.unwrap();
        // It must not come to the end of its processor time while it waits.
        let runtime = stage.another(Limits { cpu_ticks: 30_000, ..limits() }, &[]).await;
        let until = Until::within(Duration::from_secs(120));
        // A ban that comes between two of its turns ends it unheard.
        while until.is_ahead() {
            runtime.load(&file).await.unwrap();
            let call = stage.invocation(connector, "", 60_000, &[]);
            let operation = call.operation.to_string();
            let at_work = tokio::spawn({
                let runtime = Arc::clone(&runtime);
                async move { runtime.health(&call).await }
            });
            while log::lines_of(&operation).is_empty() && until.is_ahead() {
                Until::pause().await;
            }
            runtime.interrupt(&connector);
            assert_eq!(at_work.await.unwrap().unwrap_err().code, "interrupted");
            runtime.unload(&connector).await;
            if log::lines_of(&operation).iter().any(|line| line.contains("nobody waits for it")) {
                return;
            }
        }
        panic!("it never heard of its ban");
    });
}
