//! One breaker per target: while a target does not answer, its operations rest and one cheap probe goes out at a time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use hallpass_domain::clock::Timestamp;
use hallpass_domain::event::{Event, EventKind};
use hallpass_domain::ids::TargetId;
use hallpass_domain::port::{Failure, FailureKind};
use hallpass_store::run_tx;

use super::backoff::jitter;
use crate::Broker;
use crate::error::BrokerError;

/// The longest time between two probes.
const PROBE_MS: u64 = 2_000;

/// The open breakers of this node. Kept in memory: the first failing operation opens one again after a restart.
#[derive(Default)]
pub(crate) struct Breakers(Mutex<HashMap<TargetId, Timestamp>>);

impl Breakers {
    /// Targets whose breaker is open.
    pub(crate) fn open(&self) -> Vec<TargetId> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    fn due(&self, now: Timestamp) -> Vec<TargetId> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().filter(|(_, at)| **at <= now).map(|(t, _)| t.clone()).collect()
    }

    fn next(&self) -> Option<Timestamp> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().min().copied()
    }

    /// Sets the next probe; true when the breaker was closed.
    fn trip(&self, target: &TargetId, probe: Timestamp) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(target.clone(), probe).is_none()
    }

    fn close(&self, target: &TargetId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(target);
    }
}

/// Whether a failure says that the target is not there, rather than that it refuses.
pub(crate) fn is_outage(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::Unavailable | FailureKind::Unauthenticated)
}

impl Broker {
    /// Opens the target's breaker.
    pub(crate) async fn trip_breaker(&self, target: &TargetId, failure: &Failure) {
        let probe = self.clock.now().plus(PROBE_MS / 2 + jitter(PROBE_MS / 2, self.rng.as_ref()));
        if self.breakers.trip(target, probe) {
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

    /// Probes the targets whose probe is due; the first answer makes all their work due at once. Returns when to probe next.
    pub(crate) async fn probe_broken_targets(&self) -> Timestamp {
        for target in self.breakers.due(self.clock.now()) {
            match self.probe(&target).await {
                Ok(()) => {
                    self.breakers.close(&target);
                    tracing::info!(target = %target, "the target answers again");
                    let now = self.clock.now();
                    let noted: Result<(), BrokerError> = run_tx!(self.store, "target.up", |tx| -> Result<(), BrokerError> {
                        tx.make_target_due(&target, now).await?;
                        tx.emit(Event::new(EventKind::TargetUp, &target)).await?;
                        Ok(())
                    });
                    if let Err(e) = noted {
                        tracing::warn!(cause = %e, "the return of a target could not be recorded");
                    }
                }
                Err(e) => {
                    tracing::debug!(target = %target, cause = %e, "the target still does not answer");
                    self.breakers.trip(&target, self.clock.now().plus(PROBE_MS / 2 + jitter(PROBE_MS / 2, self.rng.as_ref())));
                }
            }
        }
        self.breakers.next().unwrap_or(Timestamp(i64::MAX))
    }

    async fn probe(&self, target: &TargetId) -> Result<(), BrokerError> {
        let target = self.store.reads().await?.target(target).await?.ok_or_else(|| BrokerError::not_found("target", target))?;
        self.check_health(&target).await
    }
}
