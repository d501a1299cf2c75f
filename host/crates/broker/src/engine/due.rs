//! What becomes due by time alone: ends of grants, lapses of requests, credentials that nobody picked up.

use std::sync::atomic::Ordering;

use hallpass_domain::clock::Timestamp;
use hallpass_domain::event::{Event, EventKind};
use hallpass_domain::failpoint::{Failpoint, hit};
use hallpass_domain::grant::{EndReason, GrantEvent, GrantState};
use hallpass_domain::ids::{GrantId, PrincipalId, RequestId};
use hallpass_domain::request::{OnTimeout, RequestEvent, RequestState};
use hallpass_store::{Tx, run_tx};

use crate::Broker;
use crate::error::BrokerError;

/// How often what has expired is removed.
const PRUNE_MS: i64 = 60_000;
/// How many of each kind are done in one round.
const ROUND: u32 = 100;

/// What a round left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing that is due now.
    Done,
    /// Maybe more: the round was full.
    More,
}

impl Broker {
    /// One round of everything that is due by time. One that cannot be done is named, and delays no other.
    pub(super) async fn do_due(&self) -> Result<Due, BrokerError> {
        let now = self.clock.now();
        self.prune(now).await?;
        let mut reads = self.store.reads().await?;
        if !reads.anything_due(now).await? {
            return Ok(Due::Done);
        }
        let grants = reads.due_grants(now, ROUND).await?;
        let requests = reads.due_requests(now, ROUND).await?;
        let credentials = reads.expired_credentials(now).await?;
        drop(reads);
        let full = grants.len().max(requests.len()) >= ROUND as usize;
        let mut failed = false;
        for grant in grants {
            let reason = if grant.state == GrantState::Activating { EndReason::NotSeen } else { EndReason::Time };
            failed |= !is_done(&grant.id, self.end(&grant.id, reason, &[], None).await);
        }
        for request in requests {
            failed |= !is_done(&request.id, self.time_out(&request.id).await);
        }
        for grant in credentials {
            failed |= !is_done(&grant, self.expire_credential(&grant, now).await);
        }
        // What failed is still due: without a pause it would be tried in a circle.
        Ok(if full && !failed { Due::More } else { Due::Done })
    }

    async fn expire_credential(&self, grant: &GrantId, now: Timestamp) -> Result<(), BrokerError> {
        run_tx!(self.store, "credential.expire", |tx| -> Result<(), BrokerError> {
            if tx.expire_credential(grant, now).await? {
                tx.emit(Event::new(EventKind::CredentialErased, grant).grant(grant)).await?;
            }
            Ok(())
        })
    }

    /// Begins the end of a grant: durable first, then the engine takes the access away.
    pub(crate) async fn end(
        &self,
        id: &GrantId,
        reason: EndReason,
        actors: &[PrincipalId],
        words: Option<&str>,
    ) -> Result<(), BrokerError> {
        let ended: Result<(), BrokerError> = run_tx!(self.store, "grant.end", |tx| -> Result<(), BrokerError> {
            end_in(self, tx, id, reason, actors, words).await?;
            hit(Failpoint::EndBeforeCommit);
            Ok(())
        });
        ended?;
        hit(Failpoint::EndAfterCommit);
        Ok(())
    }

    /// Once a minute: removes session tokens, spent assertions and answers whose time is over.
    async fn prune(&self, now: Timestamp) -> Result<(), BrokerError> {
        let next = self.pruned.load(Ordering::Relaxed).saturating_add(PRUNE_MS);
        if now.0 < next {
            return Ok(());
        }
        self.pruned.store(now.0, Ordering::Relaxed);
        run_tx!(self.store, "sessions.prune", |tx| -> Result<u64, BrokerError> { Ok(tx.prune(now).await?) })?;
        Ok(())
    }

    async fn time_out(&self, id: &RequestId) -> Result<(), BrokerError> {
        let now = self.clock.now();
        run_tx!(self.store, "request.time-out", |tx| -> Result<(), BrokerError> {
            let mut request = tx.reads().request(id).await?.ok_or_else(|| BrokerError::not_found("request", id))?;
            // Decided meanwhile, or its next stage began: then nothing is due.
            let (RequestState::Pending { stage, .. }, Some(what)) = (request.state, request.timed_out(now)) else { return Ok(()) };
            let kind = match what {
                OnTimeout::Deny => {
                    request.state = request.state.on(RequestEvent::Lapse, now)?;
                    EventKind::RequestLapsed
                }
                OnTimeout::Escalate | OnTimeout::Notify => {
                    // The stage goes on without a time of its own; `escalate_to` may approve from now on.
                    if let Some(stage) = request.stages.get_mut(stage as usize) {
                        stage.timeout_ms = None;
                    }
                    EventKind::RequestEscalated
                }
            };
            request.version = tx.update_request(&request).await?;
            tx.emit(Event::new(kind, id).request(id).number("stage", i64::from(stage))).await?;
            Ok(())
        })
    }
}

/// The same within a transaction that does more.
pub(crate) async fn end_in(
    broker: &Broker,
    tx: &mut Tx,
    id: &GrantId,
    reason: EndReason,
    actors: &[PrincipalId],
    words: Option<&str>,
) -> Result<(), BrokerError> {
    let now = broker.clock.now();
    let found = tx.reads().grant(id).await?.ok_or_else(|| BrokerError::not_found("grant", id))?;
    // The holding first and its grants after it, everywhere: two transactions never wait for each other. What is decided on is
    // read behind the anchor.
    tx.anchor_holding(&found.holding).await?;
    let mut grant = tx.reads().grant(id).await?.ok_or_else(|| BrokerError::not_found("grant", id))?;
    grant.state = grant.state.on(GrantEvent::End)?;
    grant.end_reason = Some(reason);
    if reason == EndReason::Denied {
        grant.last_failure = words.map(str::to_owned);
    }
    grant.ending_since = Some(now);
    grant.version = tx.update_grant(&grant).await?;
    let mut event = Event::new(EventKind::GrantEnding, id)
        .by(actors)
        .grant(id)
        .request(&grant.request)
        .holding(&grant.holding)
        .policy(&grant.policy_revision)
        .word("reason", &reason);
    if let Some(words) = words {
        event = event.text("words", words);
    }
    tx.emit(event).await?;
    super::converge(broker, tx, &grant.holding).await
}

/// Whether what was due is done, by us or by somebody who was quicker.
fn is_done(id: &impl std::fmt::Display, done: Result<(), BrokerError>) -> bool {
    match done {
        Ok(()) | Err(BrokerError::Conflict(_) | BrokerError::Stale) => true,
        Err(e) => {
            tracing::error!(subject = %id, cause = %e, "what is due by time could not be done; it is tried again");
            false
        }
    }
}
