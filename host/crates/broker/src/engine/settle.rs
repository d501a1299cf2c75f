//! Recording how an operation ended, in one commit with everything that follows from it.

use std::sync::PoisonError;

use hallpass_domain::clock::Timestamp;
use hallpass_domain::event::{Event, EventKind};
use hallpass_domain::failpoint::{Failpoint, hit};
use hallpass_domain::grant::{EndReason, Grant, GrantEvent, GrantState};
use hallpass_domain::holding::{Holding, Presence, Seen};
use hallpass_domain::ids::HoldingId;
use hallpass_domain::operation::{Operation, OperationEvent, OperationKind};
use hallpass_domain::port::{Delivery, Effect, Failure, Sight};
use hallpass_domain::principal::Principal;
use hallpass_store::{Tx, run_tx};

use super::due::end_in;
use super::work::Work;
use super::{backoff, breaker, wish};
use crate::Broker;
use crate::error::BrokerError;
use crate::grants::AskedFor;

/// How much of a failure's text is kept.
const MOST_FAILURE_CHARS: usize = 300;

impl Broker {
    /// The effect was seen: the operation is done, and the grants move on.
    pub(super) async fn settle_seen(&self, work: Work, sight: &Sight) -> Result<(), BrokerError> {
        let delivery = sight.attempt.or(Some(work.op.attempts)).and_then(|attempt| self.delivery(&work.op, attempt));
        let now = self.clock.now();
        let settled: Result<(), BrokerError> = run_tx!(self.store, "operation.settle", |tx| -> Result<(), BrokerError> {
            let holding = self.close(tx, &work, OperationEvent::See, sight, now).await?;
            if holding.version == work.op.holding_version && sight.presence == Some(holding.desired.presence) {
                let mut denied = Vec::new();
                let (ending, live): (Vec<Grant>, Vec<Grant>) =
                    tx.reads().unended_grants_of(&holding.id).await?.into_iter().partition(|grant| grant.state == GrantState::Ending);
                // Nothing is left to do for what is active already, unless it gets another secret.
                let waits =
                    |grant: &Grant| work.op.kind == OperationKind::Apply && (grant.state == GrantState::Activating || delivery.is_some());
                for grant in live.into_iter().filter(waits) {
                    let asked = self.asked_for(&mut tx.reads(), &grant, &holding).await?;
                    match self.denied(&grant, &asked) {
                        Some(why) => denied.push((grant.id, why)),
                        None => self.activate(tx, &work, grant, sight, delivery.as_ref().map(|d| (d, &asked.holder)), now).await?,
                    }
                }
                wish::end_each(tx, &holding, ending, now).await?;
                for (grant, why) in denied {
                    end_in(self, tx, &grant, EndReason::Denied, &[], Some(&why)).await?;
                }
            } else {
                super::converge(self, tx, &holding.id).await?;
            }
            hit(Failpoint::SettleBeforeCommit);
            Ok(())
        });
        settled?;
        hit(Failpoint::SettleAfterCommit);
        self.forget_deliveries(&work.op);
        Ok(())
    }

    /// The wish moved on while the attempt was out: it is closed with what is seen, and the new wish is planned.
    pub(super) async fn settle_outdated(&self, work: Work, sight: &Sight) -> Result<(), BrokerError> {
        let now = self.clock.now();
        let how = if sight.presence == Some(work.wished()) { OperationEvent::See } else { OperationEvent::Miss };
        let settled: Result<(), BrokerError> = run_tx!(self.store, "operation.outdated", |tx| -> Result<(), BrokerError> {
            let holding = self.close(tx, &work, how, sight, now).await?;
            super::converge(self, tx, &holding.id).await?;
            hit(Failpoint::SettleBeforeCommit);
            Ok(())
        });
        settled?;
        hit(Failpoint::SettleAfterCommit);
        self.forget_deliveries(&work.op);
        Ok(())
    }

    /// The target refused and nothing is there: the grants that waited for it failed.
    pub(super) async fn settle_refused(&self, work: Work, failure: &Failure, sight: &Sight) -> Result<(), BrokerError> {
        let now = self.clock.now();
        let text = shorten(failure);
        let settled: Result<(), BrokerError> = run_tx!(self.store, "operation.refuse", |tx| -> Result<(), BrokerError> {
            let mut holding = anchored(tx, &work.op.holding).await?;
            let mut op = work.op.clone();
            op.state = op.state.on(OperationEvent::Refuse)?;
            op.last_failure = Some(text.clone());
            tx.update_operation(&op, &work.lease).await?;
            tx.emit(
                Event::new(EventKind::OperationSettled, &op.id)
                    .operation(&op.id)
                    .holding(&op.holding)
                    .connector(work.holding.connector)
                    .word("outcome", &op.state)
                    .text("failure", text.clone()),
            )
            .await?;
            holding.seen = Some(Seen { presence: Presence::Absent, at: now, by: sight.by });
            tx.update_holding_seen(&holding).await?;
            // A grant that came meanwhile has not been refused: the new wish is tried for it.
            let current = holding.version == op.holding_version;
            for mut grant in tx.reads().live_grants_of(&op.holding).await? {
                if current && grant.state == GrantState::Activating {
                    grant.state = grant.state.on(GrantEvent::Refused)?;
                    grant.ended = Some(now);
                    grant.last_failure = Some(text.clone());
                    grant.version = tx.update_grant(&grant).await?;
                    tx.emit(
                        Event::new(EventKind::GrantFailed, &grant.id)
                            .grant(&grant.id)
                            .request(&grant.request)
                            .holding(&op.holding)
                            .text("failure", text.clone()),
                    )
                    .await?;
                }
            }
            super::converge(self, tx, &op.holding).await?;
            hit(Failpoint::SettleBeforeCommit);
            Ok(())
        });
        settled?;
        hit(Failpoint::SettleAfterCommit);
        self.forget_deliveries(&work.op);
        Ok(())
    }

    /// Not settled: it stays as it is, or becomes unknown, and is due again later. A failure is said when it is another one than
    /// the last time, not at each try.
    pub(super) async fn unsettled(&self, work: Work, failure: &Failure) -> Result<(), BrokerError> {
        let tries = work.op.tries.saturating_add(1);
        let due = self.clock.now().plus(backoff::after(tries, failure.retry_after_ms, self.rng.as_ref()));
        let text = shorten(failure);
        tracing::warn!(operation = %work.op.id, kind = %failure.kind, code = %failure.code, effect = %failure.effect, "an attempt did not settle");
        let noted: Result<(), BrokerError> = run_tx!(self.store, "operation.unsettled", |tx| -> Result<(), BrokerError> {
            let mut op = work.op.clone();
            if failure.effect != Effect::None && op.sent.is_some() {
                op.state = op.state.on(OperationEvent::Lose)?;
            }
            op.continuation = None;
            op.last_failure = Some(text.clone());
            if op == work.as_stored {
                (op.due, op.tries) = (due, tries);
                tx.try_operation_later(&op, &work.lease).await?;
                return Ok(());
            }
            (op.due, op.tries) = (due, tries);
            tx.release_operation(&op, &work.lease).await?;
            tx.emit(
                Event::new(EventKind::OperationUnsettled, &op.id)
                    .operation(&op.id)
                    .holding(&op.holding)
                    .connector(work.holding.connector)
                    .word("kind", &failure.kind)
                    .word("effect", &failure.effect)
                    .number("attempt", op.attempts)
                    .text("failure", text.clone()),
            )
            .await?;
            Ok(())
        });
        self.strike(&work.op.target, work.holding.connector, failure).await?;
        if breaker::is_outage(failure) {
            self.trip_breaker(&work.op.target, failure).await;
        }
        noted
    }

    /// Closes the operation and records what was seen; returns the holding as it is now.
    async fn close(&self, tx: &mut Tx, work: &Work, how: OperationEvent, sight: &Sight, now: Timestamp) -> Result<Holding, BrokerError> {
        let seen = sight.presence.map(|presence| Seen { presence, at: now, by: sight.by });
        // The holding before its operation, as whoever plans one does.
        let found = tx.see_holding(&work.op.holding, seen, work.holding.locator.as_deref(), &work.holding.connector).await?;
        let (holding, struck) = found.ok_or_else(|| BrokerError::not_found("holding", &work.op.holding))?;
        let mut op = work.op.clone();
        op.state = op.state.on(how)?;
        op.last_failure = None;
        tx.update_operation(&op, &work.lease).await?;
        tx.emit(
            Event::new(EventKind::OperationSettled, &op.id)
                .operation(&op.id)
                .holding(&op.holding)
                .connector(work.holding.connector)
                .word("kind", &op.kind)
                .word("outcome", &op.state)
                .word("seen", &sight.by),
        )
        .await?;
        if struck {
            tx.clear_strikes(&work.op.target, &work.holding.connector).await?;
        }
        Ok(holding)
    }

    /// Why policy does not allow a grant any more that is about to become active. What is active already goes on to its end.
    pub(super) fn denied(&self, grant: &Grant, asked: &AskedFor) -> Option<String> {
        if grant.state != GrantState::Activating {
            return None;
        }
        let AskedFor { facts, justification, .. } = asked;
        let allowed = self.still_allowed(&facts.holder, facts.access.clone(), grant.duration_ms, justification.as_deref());
        allowed.err().map(|no| no.to_string())
    }

    /// A live grant after its access was seen (law 4). The end is that of the attempt that was seen (law 7).
    async fn activate(
        &self,
        tx: &mut Tx,
        work: &Work,
        mut grant: Grant,
        sight: &Sight,
        delivery: Option<(&Delivery, &Principal)>,
        now: Timestamp,
    ) -> Result<(), BrokerError> {
        if grant.state == GrantState::Activating {
            grant.state = grant.state.on(GrantEvent::Seen)?;
            grant.activated = Some(now);
            grant.ends = Some(work.op.sent.unwrap_or(now).plus(grant.duration_ms));
            grant.seen_by = Some(sight.by);
            grant.last_failure = None;
            grant.version = tx.update_grant(&grant).await?;
            tx.emit(
                Event::new(EventKind::GrantActivated, &grant.id)
                    .grant(&grant.id)
                    .request(&grant.request)
                    .holding(&work.holding.id)
                    .operation(&work.op.id)
                    .policy(&grant.policy_revision)
                    .connector(work.holding.connector)
                    .word("seen", &sight.by)
                    .time("ends", grant.ends.unwrap_or(now)),
            )
            .await?;
        }
        match delivery {
            Some((delivery, holder)) => self.seal_credential(tx, &grant, holder, delivery).await,
            None => Ok(()),
        }
    }

    pub(super) fn has_delivery(&self, work: &Work, attempt: i64) -> bool {
        self.deliveries.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&(work.op.id.clone(), attempt))
    }

    fn delivery(&self, op: &Operation, attempt: i64) -> Option<Delivery> {
        self.deliveries.lock().unwrap_or_else(PoisonError::into_inner).get(&(op.id.clone(), attempt)).cloned()
    }

    fn forget_deliveries(&self, op: &Operation) {
        self.deliveries.lock().unwrap_or_else(PoisonError::into_inner).retain(|(id, _), _| *id != op.id);
    }
}

/// The holding, which no other transaction changes from here on.
pub(super) async fn anchored(tx: &mut Tx, id: &HoldingId) -> Result<Holding, BrokerError> {
    tx.anchor_holding(id).await?.ok_or_else(|| BrokerError::not_found("holding", id))
}

/// A failure as it is kept for people.
fn shorten(failure: &Failure) -> String {
    failure.to_string().chars().take(MOST_FAILURE_CHARS).collect()
}
