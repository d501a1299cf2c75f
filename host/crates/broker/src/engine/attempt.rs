//! One attempt of one operation: decide, send, look, settle.

use hallpass_domain::event::{Event, EventKind};
use hallpass_domain::failpoint::{Failpoint, hit};
use hallpass_domain::grant::{EndReason, Grant, GrantState};
use hallpass_domain::holding::{Baseline, Desired, Holding, Presence};
use hallpass_domain::ids::GrantId;
use hallpass_domain::operation::{Operation, OperationEvent, OperationKind, OperationState};
use hallpass_domain::port::{Delivery, Done, Failure, FailureKind, Sight};
use hallpass_store::{Claimed, Reads, run_tx};

use super::settle::anchored;
use super::wish::claims;
use super::work::Work;
use crate::Broker;
use crate::error::BrokerError;

/// Grants that policy forbids by now, and why.
type Denied = Vec<(GrantId, String)>;

/// How long until a connector that answered "still going on" is asked again.
const PENDING_MS: u64 = 1_000;

impl Broker {
    /// Works on a claimed operation until it settles or must wait. Whatever goes wrong, the operation stays, and stays due.
    pub(super) async fn attempt(&self, claimed: Claimed) {
        let (operation, lease) = (claimed.operation.id.clone(), claimed.lease.clone());
        // On the heap: its steps hold the operation and its holding many times over.
        if let Err(e) = Box::pin(self.step(claimed)).await {
            let due = if matches!(e, BrokerError::Stale) {
                tracing::debug!(operation = %operation, "the operation or its wish moved on meanwhile");
                self.clock.now()
            } else {
                tracing::error!(operation = %operation, cause = %e, "an attempt could not be carried on; it is tried again");
                self.clock.now().plus(1_000)
            };
            let deferred = run_tx!(self.store, "operation.defer", |tx| -> Result<bool, BrokerError> {
                Ok(tx.defer_operation(&lease, due, None).await?)
            });
            if let Err(e) = deferred {
                tracing::warn!(operation = %operation, cause = %e, "the lease could not be given back; it runs out by itself");
            }
        }
    }

    async fn step(&self, claimed: Claimed) -> Result<(), BrokerError> {
        let work = self.load_work(claimed).await?;
        let planned = work.op.state == OperationState::Planned;
        if planned && work.op.holding_version != work.holding.version {
            return self.replan(work).await;
        }
        if let Some(failure) = work.stopped.clone() {
            self.end_what_is_denied(&work).await?;
            return self.unsettled(work, &failure).await;
        }
        let goes_on = work.op.continuation.is_some() && work.op.holding_version == work.holding.version;
        if planned || goes_on { self.send(work).await } else { self.resolve(work).await }
    }

    /// Which of these grants policy forbids by now, and why.
    async fn all_denied(&self, reads: &mut Reads<'_>, live: &[Grant], holding: &Holding) -> Result<Denied, BrokerError> {
        let mut denied = Denied::new();
        for grant in live.iter().filter(|grant| grant.state == GrantState::Activating) {
            let asked = self.asked_for(reads, grant, holding).await?;
            denied.extend(self.denied(grant, &asked).map(|why| (grant.id.clone(), why)));
        }
        Ok(denied)
    }

    /// What policy forbids before anything is sent ends without having reached the target. Nothing where something was sent.
    async fn end_what_is_denied(&self, work: &Work) -> Result<(), BrokerError> {
        if work.op.state != OperationState::Planned || work.op.kind != OperationKind::Apply {
            return Ok(());
        }
        let mut reads = self.store.reads().await?;
        let live = reads.live_grants_of(&work.holding.id).await?;
        let denied = self.all_denied(&mut reads, &live, &work.holding).await?;
        drop(reads);
        self.end_each_denied(&denied).await
    }

    async fn end_each_denied(&self, denied: &Denied) -> Result<(), BrokerError> {
        for (grant, why) in denied {
            self.end(grant, EndReason::Denied, &[], Some(why)).await?;
        }
        // The wish moved on, and the operation with it.
        if denied.is_empty() { Ok(()) } else { Err(BrokerError::Stale) }
    }

    /// The wish moved on before anything was sent.
    async fn replan(&self, work: Work) -> Result<(), BrokerError> {
        run_tx!(self.store, "operation.replan", |tx| -> Result<(), BrokerError> {
            anchored(tx, &work.op.holding).await?;
            let mut op = work.op.clone();
            op.state = op.state.on(OperationEvent::Drop)?;
            tx.update_operation(&op, &work.lease).await?;
            tx.emit(Event::new(EventKind::OperationDropped, &op.id).operation(&op.id).holding(&op.holding)).await?;
            super::converge(self, tx, &op.holding).await
        })
    }

    /// Sends an attempt, looks at what it did, and settles it if the look agrees.
    pub(super) async fn send(&self, mut work: Work) -> Result<(), BrokerError> {
        // What is about to be given where nothing is seen is ours, whatever was there when this holding began.
        if work.op.kind == OperationKind::Apply && !work.entitlement.marked && work.holding.baseline != Some(Baseline::Absent) {
            self.end_what_is_denied(&work).await?;
            hit(Failpoint::BaselineBeforeLook);
            match self.connectors.look(&self.call(&work), &work.want()).await {
                Ok(sight) => match sight.presence {
                    Some(seen) => work.holding.baseline = Some(Baseline::before(work.holding.baseline, seen)),
                    None => return self.unsettled(work, &strange(&sight)).await,
                },
                Err(failure) => return self.unsettled(work, &failure).await,
            }
            hit(Failpoint::BaselineAfterLook);
        }
        self.record_sent(&mut work).await?;
        let (call, want) = (self.call(&work), work.want());
        let continuation = work.op.continuation.as_deref();
        let outcome = if work.op.kind == OperationKind::Apply {
            hit(Failpoint::ApplyBeforeCall);
            let outcome = self.connectors.apply(&call, &want, continuation).await;
            hit(Failpoint::ApplyAfterCall);
            outcome.map(|applied| (applied.done, applied.delivery))
        } else {
            hit(Failpoint::RevokeBeforeCall);
            let outcome = self.connectors.revoke(&call, &want, continuation).await;
            hit(Failpoint::RevokeAfterCall);
            outcome.map(|done| (done, None))
        };
        match outcome {
            Ok((Done::Settled { locator, .. }, delivery)) => {
                self.park(&work, delivery);
                work.holding.locator = Some(locator);
                match self.look(&work).await {
                    Ok(sight) if sight.presence == Some(work.wished()) => self.settle_seen(work, &sight).await,
                    Ok(sight) => self.unsettled(work, &strange(&sight)).await,
                    Err(failure) => self.unsettled(work, &lost(failure)).await,
                }
            }
            Ok((Done::Pending(continuation), delivery)) => {
                self.park(&work, delivery);
                self.pending(work, continuation).await
            }
            Err(failure) => self.failed(work, failure).await,
        }
    }

    /// Looks at the target, without effect.
    pub(super) async fn look(&self, work: &Work) -> Result<Sight, Failure> {
        hit(Failpoint::LookBeforeCall);
        let sight = self.connectors.look(&self.call(work), &work.want()).await;
        hit(Failpoint::LookAfterCall);
        sight
    }

    /// Makes the attempt durable before it goes out: law 1. Before the first one policy is asked, in the same transaction.
    async fn record_sent(&self, work: &mut Work) -> Result<(), BrokerError> {
        let now = self.clock.now();
        let sent: Result<Result<Operation, Denied>, BrokerError> =
            run_tx!(self.store, "operation.send", |tx| -> Result<Result<Operation, Denied>, BrokerError> {
                let mut holding = anchored(tx, &work.op.holding).await?;
                if holding.version != work.holding.version {
                    return Err(BrokerError::Stale);
                }
                let mut op = work.op.clone();
                op.state = op.state.on(OperationEvent::Send)?;
                op.attempts += 1;
                op.sent = Some(now);
                op.revision = Some(work.endpoint.revision);
                op.looked = None;
                if op.kind == OperationKind::Apply {
                    let live = tx.reads().live_grants_of(&op.holding).await?;
                    if work.op.state == OperationState::Planned {
                        let denied = self.all_denied(&mut tx.reads(), &live, &holding).await?;
                        if !denied.is_empty() {
                            return Ok(Err(denied));
                        }
                    }
                    op.until = Desired::of(&claims(&live, now), now).until;
                }
                tx.update_operation(&op, &work.lease).await?;
                if holding.baseline != work.holding.baseline {
                    holding.baseline = work.holding.baseline;
                    tx.update_holding_seen(&holding).await?;
                }
                tx.emit(
                    Event::new(EventKind::OperationSent, &op.id)
                        .operation(&op.id)
                        .holding(&op.holding)
                        .connector(work.holding.connector)
                        .word("kind", &op.kind)
                        .number("attempt", op.attempts)
                        .time("until", op.until),
                )
                .await?;
                hit(Failpoint::SendBeforeCommit);
                Ok(Ok(op))
            });
        match sent? {
            Ok(op) => {
                hit(Failpoint::SendAfterCommit);
                work.op = op.clone();
                work.as_stored = op;
                Ok(())
            }
            Err(denied) => self.end_each_denied(&denied).await,
        }
    }

    /// Keeps the secret of an attempt in memory until the attempt settles.
    fn park(&self, work: &Work, delivery: Option<Delivery>) {
        if let Some(delivery) = delivery {
            let mut parked = self.deliveries.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            parked.insert((work.op.id.clone(), work.op.attempts), delivery);
        }
    }

    async fn pending(&self, work: Work, continuation: String) -> Result<(), BrokerError> {
        let due = self.clock.now().plus(PENDING_MS);
        run_tx!(self.store, "operation.pending", |tx| -> Result<(), BrokerError> {
            let mut op = work.op.clone();
            op.continuation = Some(continuation.clone());
            op.due = due;
            tx.release_operation(&op, &work.lease).await?;
            tx.emit(Event::new(EventKind::OperationUnsettled, &op.id).operation(&op.id).holding(&op.holding).word("kind", "pending"))
                .await?;
            Ok(())
        })
    }

    /// A failed call: final where the connector refused an apply without effect and the host sees that nothing is there; else
    /// it waits for the next attempt.
    async fn failed(&self, work: Work, failure: Failure) -> Result<(), BrokerError> {
        if work.op.kind != OperationKind::Apply || !is_refusal(&failure) {
            return self.unsettled(work, &failure).await;
        }
        match self.look(&work).await {
            Ok(sight) if sight.presence == Some(Presence::Absent) => self.settle_refused(work, &failure, &sight).await,
            _ => self.unsettled(work, &failure).await,
        }
    }
}

/// Whether another attempt of the same wish would fail in the same way.
fn is_refusal(failure: &Failure) -> bool {
    failure.effect == hallpass_domain::port::Effect::None
        && failure.retry_after_ms.is_none()
        && matches!(
            failure.kind,
            FailureKind::InvalidInput | FailureKind::Forbidden | FailureKind::NotFound | FailureKind::Conflict | FailureKind::Unsupported
        )
        && !failure.code.starts_with("lease-")
}

/// The connector says done; the target shows something else.
fn strange(sight: &Sight) -> Failure {
    let details: Vec<String> = sight.details.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let shown = sight.presence.map_or("a state that the manifest does not declare", hallpass_domain::holding::Presence::as_str);
    Failure::unknown(FailureKind::Conflict, "not-as-wished", format!("the target shows {shown} ({})", details.join(", ")))
}

/// The outcome of a call is known, the look after it is not.
fn lost(failure: Failure) -> Failure {
    Failure { effect: hallpass_domain::port::Effect::Unknown, ..failure }
}
