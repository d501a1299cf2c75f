//! Quarantine: after some broken rules in a row, a target's calls to a version stop. Other targets go on.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use hallpass_domain::connector::Quarantine;
use hallpass_domain::event::{Event, EventKind};
use hallpass_domain::ids::{Digest, TargetId};
use hallpass_domain::port::{Failure, FailureKind};
use hallpass_policy::{Action, ResourceFacts};
use hallpass_store::run_tx;

use crate::Broker;
use crate::context::OpContext;
use crate::error::BrokerError;
use crate::targets::target_facts;

/// Broken rules in a row, by target and version, as this node saw them. The quarantine that follows is in the store.
#[derive(Default)]
pub(crate) struct Strikes(Mutex<HashMap<(TargetId, Digest), u32>>);

impl Strikes {
    fn add(&self, target: &TargetId, connector: Digest) -> u32 {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let strikes = all.entry((target.clone(), connector)).or_default();
        *strikes = strikes.saturating_add(1);
        *strikes
    }

    /// It kept to the rules.
    pub(crate) fn clear(&self, target: &TargetId, connector: Digest) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&(target.clone(), connector));
    }
}

impl Broker {
    /// Counts a broken rule; at the last one that is allowed the calls stop.
    pub(crate) async fn strike(&self, target: &TargetId, connector: Digest, failure: &Failure) -> Result<(), BrokerError> {
        if failure.kind != FailureKind::Internal {
            return Ok(());
        }
        let strikes = self.strikes.add(target, connector);
        if strikes < self.settings.strikes {
            return Ok(());
        }
        self.strikes.clear(target, connector);
        let reason: String = format!("{strikes} broken rules in a row, the last one: {failure}").chars().take(500).collect();
        tracing::warn!(target = %target, connector = %connector, "the calls of a target to its connector stop: {reason}");
        let quarantine = Quarantine { connector, since: self.clock.now(), reason };
        run_tx!(self.store, "connector.quarantine", |tx| -> Result<(), BrokerError> {
            if tx.insert_quarantine(target, &quarantine).await? {
                let event = Event::new(EventKind::ConnectorQuarantined, target).connector(connector);
                tx.emit(event.text("reason", quarantine.reason.clone())).await?;
            }
            Ok(())
        })
    }

    /// The versions whose calls have stopped in a target.
    pub async fn quarantines(&self, target: &TargetId) -> Result<Vec<Quarantine>, BrokerError> {
        Ok(self.store.reads().await?.quarantines(target).await?)
    }

    /// Lets a target's calls go on.
    pub async fn lift_quarantine(&self, ctx: &OpContext, id: &TargetId) -> Result<(), BrokerError> {
        let target = self.store.reads().await?.target(id).await?.ok_or_else(|| BrokerError::not_found("target", id))?;
        let facts = self.known(&target.connector).await?;
        ctx.authorize(Action::TargetConfigure, ResourceFacts::Target(&target_facts(&target, &facts)))?;
        let actors = ctx.actors();
        run_tx!(self.store, "connector.lift", |tx| -> Result<(), BrokerError> {
            if tx.lift_quarantines(id, None).await? > 0 {
                tx.make_target_due(id, self.clock.now()).await?;
                tx.emit(Event::new(EventKind::ConnectorQuarantineLifted, id).by(&actors)).await?;
            }
            Ok(())
        })
    }
}
