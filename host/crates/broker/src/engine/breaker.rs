//! One breaker per target: while a target does not answer, its operations rest and one cheap probe goes out at a time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use hallpass_domain::clock::Timestamp;
use hallpass_domain::event::{Event, EventKind};
use hallpass_domain::ids::TargetId;
use hallpass_domain::port::Failure;
use hallpass_store::run_tx;

use super::backoff::jitter;
use crate::Broker;
use crate::error::BrokerError;
use crate::targets::check_there;

/// The longest time between two probes.
const PROBE_MS: u64 = 2_000;

/// The open breakers of this node. Kept in memory: the first failing operation opens one again after a restart.
#[derive(Default)]
pub(crate) struct Breakers(Mutex<HashMap<TargetId, Open>>);

/// An open breaker.
struct Open {
    /// When the next probe is due.
    probe: Timestamp,
    /// What the last one, or the failed attempt, came to.
    why: String,
}

impl Breakers {
    /// Targets whose breaker is open.
    pub(crate) fn open(&self) -> Vec<TargetId> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// Takes the targets whose probe is due; none of them is due again before `again`.
    fn take_due(&self, now: Timestamp, again: Timestamp) -> Vec<TargetId> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = open.iter_mut().filter(|(_, open)| open.probe <= now);
        due.map(|(target, open)| {
            open.probe = again;
            target.clone()
        })
        .collect()
    }

    /// When the next probe is due.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().map(|open| open.probe).min()
    }

    /// Why a target's breaker is open; `None` where it is not.
    pub(crate) fn why(&self, target: &TargetId) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(target).map(|open| open.why.clone())
    }

    /// Sets the next probe; true when the breaker was closed.
    fn trip(&self, target: &TargetId, probe: Timestamp, why: String) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(target.clone(), Open { probe, why }).is_none()
    }

    pub(crate) fn close(&self, target: &TargetId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(target);
    }
}

/// Whether a failure says that the target is not there, rather than that it refuses. A connector's word does not: it could hold
/// up the revocation of everybody's access.
pub(crate) fn is_outage(failure: &Failure) -> bool {
    failure.outage
}

impl Broker {
    /// Opens the target's breaker.
    pub(crate) async fn trip_breaker(&self, target: &TargetId, failure: &Failure) {
        let probe = self.clock.now().plus(PROBE_MS / 2 + jitter(PROBE_MS / 2, self.rng.as_ref()));
        if self.breakers.trip(target, probe, failure.message.clone()) {
            tracing::warn!(target = %target, failure.code = %failure.code, "the target does not answer; probing it");
            let noted: Result<(), BrokerError> = run_tx!(self.store, "target.down", |tx| -> Result<(), BrokerError> {
                tx.emit(Event::new(EventKind::TargetDown, target).word("kind", &failure.kind)).await?;
                Ok(())
            });
            if let Err(e) = noted {
                tracing::warn!(cause = %e, "the outage of a target could not be recorded");
            }
        }
    }

    /// The targets whose probe is due now. Whoever takes them probes them: [`Broker::probe`].
    pub(crate) fn take_due_probes(&self) -> Vec<TargetId> {
        let now = self.clock.now();
        // A probe ends by itself within the time of a call. One that dies without a word is taken up again after that.
        self.breakers.take_due(now, now.plus(self.settings.call_ms).plus(PROBE_MS))
    }

    /// Probes one target; the first answer, whatever it says, makes all its work due at once.
    pub(crate) async fn probe(&self, target: &TargetId) {
        match self.ask(target).await {
            Ok(()) => self.target_is_back(target).await,
            // Removed, perhaps by another node.
            Err(BrokerError::Gone { .. }) => self.breakers.close(target),
            Err(BrokerError::Target(failure)) if !is_outage(&failure) => {
                tracing::warn!(target = %target, failure.code = %failure.code, "the target answers, and is not healthy");
                self.target_is_back(target).await;
            }
            Err(e) => {
                tracing::debug!(target = %target, cause = %e, "the target still does not answer");
                let why = if let BrokerError::Target(failure) = e { failure.message } else { e.to_string() };
                self.breakers.trip(target, self.clock.now().plus(PROBE_MS / 2 + jitter(PROBE_MS / 2, self.rng.as_ref())), why);
            }
        }
    }

    async fn target_is_back(&self, target: &TargetId) {
        self.breakers.close(target);
        tracing::info!(target = %target, "the target answers again");
        let now = self.clock.now();
        let noted: Result<(), BrokerError> = run_tx!(self.store, "target.up", |tx| -> Result<(), BrokerError> {
            tx.make_target_due(target, now).await?;
            tx.emit(Event::new(EventKind::TargetUp, target)).await?;
            Ok(())
        });
        if let Err(e) = noted {
            tracing::warn!(cause = %e, "the return of a target could not be recorded");
        }
    }

    async fn ask(&self, target: &TargetId) -> Result<(), BrokerError> {
        let target = self.store.reads().await?.target(target).await?.ok_or_else(|| BrokerError::not_found("target", target))?;
        check_there(&target)?;
        let call = self.harmless(&target).await?;
        self.connectors.reach(&call).await.map_err(BrokerError::Target)
    }
}
