//! One call of a connector: a fresh store, thrown away afterwards, under a CPU budget and the operation's deadline.

mod ask;

use std::sync::Arc;

use hallpass_domain::port::{Failure, FailureKind};
use wasmtime::{Store, Trap};

pub(crate) use ask::{Apply, Ask, CallTool, Check, Describe, ListPage, Observe, ObserveTool, Revoke};
use ask::{Guest, Said};

use crate::call::{Call, from_guest};
use crate::catalog::Loaded;
use crate::frame::{Frame, Step};
use crate::turns::Budget;

/// Why a call was ended from outside.
enum End {
    Late,
    Banned,
}

/// Asks the connector. Every failure says what the host itself knows of the target.
pub(crate) async fn run<Q: Ask>(loaded: &Arc<Loaded>, frame: Arc<Frame>, question: Q) -> Result<Q::Answer, Failure> {
    let services = &frame.services;
    let late = services.clock.sleep_until(frame.call.deadline);
    let end = async {
        tokio::select! {
            biased;
            () = late => End::Late,
            () = loaded.interrupted.cancelled() => End::Banned,
        }
    };
    let cpu = Budget::new(services.ticks.clone(), services.limits.cpu_ticks);
    let store = match store(loaded, &frame, &cpu) {
        Ok(store) => store,
        Err(error) => return Err(broken(&frame, &cpu, &error)),
    };
    // The effect is told when the guest has stopped: until then it may still commit something.
    match services.low_priority.drive(Arc::clone(&cpu), call(Arc::clone(loaded), store, question), end).await {
        Err(End::Late) => Err(too_late(&frame)),
        Err(End::Banned) => {
            let message = "the connector was banned while this call was in flight";
            Err(Failure { effect: frame.progress.close().cut_off(), ..Failure::none(FailureKind::Unavailable, "interrupted", message) })
        }
        Ok(Err(error)) => Err(broken(&frame, &cpu, &error)),
        // What the host gave up at the deadline comes back to the guest, which may call it something else.
        Ok(Ok(Err(_))) if frame.remaining() == 0 => Err(too_late(&frame)),
        Ok(Ok(Err(said))) => {
            let failure = from_guest(&said);
            Err(Failure { effect: frame.progress.close().effect(failure.effect), outage: frame.progress.outage(), ..failure })
        }
        // It says done, and the host knows of a commit without an answer: what is in the target must be looked at.
        Ok(Ok(Ok(_))) if frame.progress.close() == Step::InDoubt => {
            Err(Failure::unknown(FailureKind::Unavailable, "lost-commit", "the target did not answer a commit"))
        }
        Ok(Ok(Ok(answer))) => Ok(answer),
    }
}

fn too_late(frame: &Frame) -> Failure {
    let message = "the connector did not finish before its deadline";
    Failure {
        effect: frame.progress.close().cut_off(),
        outage: frame.progress.outage(),
        ..Failure::none(FailureKind::Timeout, "deadline", message)
    }
}

fn store(loaded: &Arc<Loaded>, frame: &Arc<Frame>, cpu: &Arc<Budget>) -> wasmtime::Result<Store<Call>> {
    let limits = &frame.services.limits;
    let mut store = Store::try_new(loaded.pre.engine(), Call::new(Arc::clone(loaded), Arc::clone(frame)))?;
    store.limiter(|call| &mut call.meter);
    store.set_hostcall_fuel(limits.hostcall_bytes);
    store.set_max_component_handles(limits.component_handles);
    store.set_epoch_deadline(1);
    let cpu = Arc::clone(cpu);
    store.epoch_deadline_callback(move |_| Ok(cpu.passed()));
    Ok(store)
}

async fn call<Q: Ask>(loaded: Arc<Loaded>, mut store: Store<Call>, question: Q) -> Said<Q::Answer> {
    let instance = loaded.pre.instantiate_async(&mut store).await?;
    tracing::trace!(name: "instantiated", operation = %store.data().frame.call.operation, "the sandbox of a call is ready");
    let said = question.ask(Guest { loaded: &loaded, store: &mut store, instance: &instance }).await;
    let data = store.data_mut();
    data.log_printed();
    data.log.close(&data.frame);
    said
}

/// A trap or a broken limit: a fault of the connector, named for the operator, with nothing of the guest's memory in it.
fn broken(frame: &Frame, cpu: &Budget, error: &wasmtime::Error) -> Failure {
    let function = frame.kind.function();
    let (code, message) = match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) if cpu.is_spent() => {
            ("cpu-budget", format!("the connector used up its CPU time in `{function}`. Have it do less in one call"))
        }
        Some(Trap::StackOverflow) => {
            ("stack-overflow", format!("the connector used up its stack in `{function}`. Have it call itself less deeply"))
        }
        Some(Trap::UnreachableCodeReached) => (
            "panic",
            format!(
                "the connector stopped itself in `{function}`: it panicked or ran out of memory. Have it return a failure instead, and hold less at once"
            ),
        ),
        Some(trap) => ("trap", format!("the connector broke in `{function}`: {trap}. This is a fault in its code or compiler")),
        None => {
            let cause = error.root_cause();
            (
                "broken-rule",
                format!("the connector broke a rule or limit of the host in `{function}`: {cause}. Have it keep to `connector.wit`"),
            )
        }
    };
    tracing::warn!(connector = %frame.call.connector, operation = %frame.call.operation, code, "a connector's call was cut off: {message}");
    Failure {
        effect: frame.progress.close().cut_off(),
        ..Failure::none(FailureKind::Internal, code, crate::hostile_text::line(&message, 1024))
    }
}

/// A value that a connector handed over outside of its contract: the `item` of the WIT in the answer of the function that was called, what
/// is wrong with it, and how to mend that in a sentence.
pub(crate) fn outside_of_contract(frame: &Frame, item: &str, wrong: &str, mend: &str) -> Failure {
    let effect = frame.progress.close().cut_off();
    let function = frame.kind.function();
    let (code, message) =
        ("bad-answer", format!("the connector answered outside of its contract: `{function}` → `{item}` {wrong}. {mend}"));
    tracing::warn!(connector = %frame.call.connector, operation = %frame.call.operation, code, "a connector's answer was dropped: {message}");
    Failure { effect, ..Failure::none(FailureKind::Internal, code, message) }
}
