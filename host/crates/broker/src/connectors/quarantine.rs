//! Quarantine: after some broken rules in a row, on whichever nodes, a target's calls to a version stop. Other targets go on.

use hallpass_domain::connector::Quarantine;
use hallpass_domain::event::{Event, EventKind};
use hallpass_domain::ids::{Digest, TargetId};
use hallpass_domain::port::{Failure, FailureKind};
use hallpass_policy::Action;
use hallpass_store::run_tx;

use crate::Broker;
use crate::context::OpContext;
use crate::error::BrokerError;

impl Broker {
    /// Counts a broken rule; at the last one that is allowed the calls stop.
    pub(crate) async fn strike(&self, target: &TargetId, connector: Digest, failure: &Failure) -> Result<(), BrokerError> {
        if failure.kind != FailureKind::Internal {
            return Ok(());
        }
        run_tx!(self.store, "connector.strike", |tx| -> Result<(), BrokerError> {
            let strikes = tx.add_strike(target, &connector).await?;
            if strikes < self.settings.strikes {
                return Ok(());
            }
            tx.clear_strikes(target, &connector).await?;
            let reason: String = format!("{strikes} broken rules in a row, the last one: {failure}").chars().take(500).collect();
            let quarantine = Quarantine { connector, since: self.clock.now(), reason };
            if tx.insert_quarantine(target, &quarantine).await? {
                tracing::warn!(target = %target, connector = %connector, "the calls of a target to its connector stop: {}", quarantine.reason);
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
        self.target_for(ctx, id, Action::TargetConfigure).await?;
        let actors = ctx.actors();
        run_tx!(self.store, "connector.lift", |tx| -> Result<(), BrokerError> {
            self.still_configures(ctx, tx, id).await?;
            if tx.lift_quarantines(id, None).await? > 0 {
                tx.make_target_due(id, self.clock.now()).await?;
                tx.emit(Event::new(EventKind::ConnectorQuarantineLifted, id).by(&actors)).await?;
            }
            Ok(())
        })
    }
}
