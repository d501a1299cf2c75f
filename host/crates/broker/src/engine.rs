//! The operations engine: whatever is due, by time, never by scanning what is active.
//!
//! One durable table of operations, claimed with a lease. Each step records its outcome before the next begins, and has a
//! failpoint on both sides. Whoever takes over an operation that was sent cuts off the earlier attempt in the target, looks,
//! and only then decides.

mod attempt;
mod backoff;
mod breaker;
mod due;
mod fence;
mod resolve;
mod settle;
mod wish;
mod work;

use std::collections::HashMap;
use std::sync::Arc;

use hallpass_domain::clock::Timestamp;
use hallpass_domain::failpoint::{Failpoint, hit};
use hallpass_domain::ids::TargetId;
use hallpass_store::Claimed;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::Broker;
use crate::error::BrokerError;

pub(crate) use breaker::Breakers;
use due::Due;
pub(crate) use due::end_in;
pub(crate) use fence::NoChange;
pub(crate) use wish::{converge, plan};

/// How long the engine sleeps at most: wake-ups are hints, and correctness rests on looking by due time.
const MOST_IDLE_MS: u64 = 1_000;

impl Broker {
    /// Runs until stopped; then finishes the attempts in flight.
    pub(crate) async fn run_engine(self: &Arc<Self>, stop: CancellationToken) {
        let mut attempts: JoinSet<TargetId> = JoinSet::new();
        let mut in_flight: HashMap<TargetId, usize> = HashMap::new();
        // Beside the loop, each on its own: a target that takes long not to answer delays no other.
        let mut probes: JoinSet<()> = JoinSet::new();
        let mut wake = self.store.wake();
        loop {
            while let Some(ended) = attempts.try_join_next() {
                self.landed(ended, &mut in_flight);
            }
            while probes.try_join_next().is_some() {}
            let mut next = self.clock.now().plus(MOST_IDLE_MS);
            match self.do_due().await {
                Ok(Due::Done) => {}
                Ok(Due::More) => next = self.clock.now(),
                Err(e) => tracing::warn!(cause = %e, "due work could not be looked up"),
            }
            for target in self.take_due_probes() {
                let broker = Arc::clone(self);
                probes.spawn(async move { broker.probe(&target).await });
            }
            next = next.min(self.breakers.next().unwrap_or(next));
            match self.claim(self.settings.in_flight.saturating_sub(attempts.len()), &in_flight).await {
                Ok(claimed) => {
                    for claimed in claimed {
                        let target = claimed.operation.target.clone();
                        *in_flight.entry(target.clone()).or_default() += 1;
                        let broker = Arc::clone(self);
                        attempts.spawn(async move {
                            broker.attempt(claimed).await;
                            target
                        });
                    }
                }
                Err(e) => tracing::warn!(cause = %e, "due operations could not be claimed"),
            }
            next = next.min(self.next_due().await.unwrap_or(next));
            tokio::select! {
                () = stop.cancelled() => break,
                () = wake.woken() => {}
                () = self.clock.sleep_until(next) => {}
                Some(ended) = attempts.join_next(), if !attempts.is_empty() => self.landed(ended, &mut in_flight),
                Some(_) = probes.join_next(), if !probes.is_empty() => {}
            }
        }
        self.connectors.stopping();
        while let Some(ended) = attempts.join_next().await {
            self.landed(ended, &mut in_flight);
        }
    }

    /// Does everything that is due now, to its end, one operation after the other. For tests and for whoever holds the clock.
    pub async fn settle_due(&self) -> Result<(), BrokerError> {
        self.look_after_connectors().await?;
        for _ in 0..1_000 {
            while self.do_due().await? == Due::More {}
            for target in self.take_due_probes() {
                self.probe(&target).await;
            }
            let claimed = self.claim(1, &HashMap::new()).await?;
            if claimed.is_empty() {
                self.look_after_connectors().await?;
                return self.sequence_once().await;
            }
            for claimed in claimed {
                self.attempt(claimed).await;
            }
        }
        Err(BrokerError::Internal("due work does not come to an end".into()))
    }

    fn landed(&self, ended: Result<TargetId, tokio::task::JoinError>, in_flight: &mut HashMap<TargetId, usize>) {
        match ended {
            Ok(target) => {
                if let Some(n) = in_flight.get_mut(&target) {
                    *n = n.saturating_sub(1);
                    if *n == 0 {
                        in_flight.remove(&target);
                    }
                }
            }
            // Its lease runs out and somebody takes over. The count of its target stays too high until no attempt is left.
            Err(e) => {
                tracing::error!(cause = %e, node = %self.settings.node, "an attempt panicked; its operation is taken over when its lease ends");
                in_flight.clear();
            }
        }
    }

    async fn claim(&self, room: usize, in_flight: &HashMap<TargetId, usize>) -> Result<Vec<Claimed>, BrokerError> {
        if room == 0 {
            return Ok(Vec::new());
        }
        let mut busy: Vec<TargetId> = self.breakers.open();
        let per_target = self.settings.in_flight_per_target;
        busy.extend(in_flight.iter().filter(|(_, n)| **n >= per_target).map(|(target, _)| target.clone()));
        hit(Failpoint::ClaimBeforeCommit);
        let (room, per_target) = (u32::try_from(room).unwrap_or(u32::MAX), u32::try_from(per_target).unwrap_or(u32::MAX));
        let claimed = self.store.claim_due(&self.owner, self.settings.lease_ms, room, &busy, per_target).await?;
        if !claimed.is_empty() {
            hit(Failpoint::ClaimAfterCommit);
        }
        Ok(claimed)
    }

    async fn next_due(&self) -> Result<Timestamp, BrokerError> {
        // What is due already could not be claimed: its target rests or is busy, and a probe or a landing wakes the engine.
        let next = self.store.reads().await?.next_due().await?;
        Ok(next.filter(|at| *at > self.clock.now()).unwrap_or(Timestamp(i64::MAX)))
    }
}
