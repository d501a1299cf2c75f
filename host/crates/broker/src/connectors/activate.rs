//! Activation: a target moves to another version once that version was proven there, and not otherwise.

use hallpass_domain::connector::ConnectorEvent;
use hallpass_domain::event::{Event, EventKind};
use hallpass_domain::ids::{Digest, PrincipalId, TargetId};
use hallpass_domain::port::ConnectorFacts;
use hallpass_domain::target::Target;
use hallpass_store::{Activation, ConnectorRow, Tx, run_tx};

use super::way::{check_can_be_set, check_same_way};
use crate::Broker;
use crate::error::BrokerError;
use crate::targets::{check_secrets_of, check_settings, check_there};

impl Broker {
    /// Moves every target whose move was ordered. Any node does it; each order is tried once, and one that fails says why.
    pub(crate) async fn activate_ordered(&self) -> Result<(), BrokerError> {
        let ordered = self.store.reads().await?.ordered_activations().await?;
        for activation in ordered {
            if let Some(next) = activation.next {
                self.move_target(&activation.target, next).await?;
            }
        }
        Ok(())
    }

    async fn move_target(&self, id: &TargetId, next: Digest) -> Result<(), BrokerError> {
        let Some(target) = self.store.reads().await?.target(id).await? else { return Ok(()) };
        let proven = match check_there(&target) {
            Ok(()) => self.proven(&target, next).await?,
            Err(gone) => Err(gone.to_string()),
        };
        run_tx!(self.store, "connector.activate", |tx| -> Result<(), BrokerError> {
            let Some(mut activation) = tx.reads().activation(id).await?.filter(|a| a.next == Some(next)) else {
                // Another node did it, or another order came.
                return Ok(());
            };
            let mut target = tx.reads().target(id).await?.ok_or_else(|| BrokerError::not_found("target", id))?;
            activation.next = None;
            activation.at = self.clock.now();
            let there = proven.clone().and_then(|()| check_there(&target).map_err(|e| e.to_string()));
            if let Err(reason) = &there {
                activation.held_back = Some((next, reason.clone()));
                tx.put_activation(&activation).await?;
                tx.emit(Event::new(EventKind::ConnectorHeldBack, id).connector(next).text("reason", reason.clone())).await?;
                return Ok(());
            }
            let before = target.connector;
            activation.held_back = None;
            activation.previous = Some(before);
            target.connector = next;
            tx.update_target(&target).await?;
            tx.put_activation(&activation).await?;
            tx.lift_quarantines(id, None).await?;
            tx.make_target_due(id, self.clock.now()).await?;
            self.in_use(tx, &next, id, &[]).await?;
            self.left(tx, &before).await
        })
    }

    /// Whether a version may become active in a target; the words for a person where it may not. Everything that a version must
    /// prove before it is used stands here, in order.
    async fn proven(&self, target: &Target, next: Digest) -> Result<Result<(), String>, BrokerError> {
        let facts = self.known(&next).await?;
        let versions = self.store.reads().await?.connector_versions(&facts.name).await?;
        if let Err(e) = Self::fits(&versions, &facts, target) {
            return Ok(Err(format!("the target's settings do not fit {} {}: {e}", facts.name, facts.version)));
        }
        let endpoint = self.endpoint(&mut self.store.reads().await?, target).await?;
        match self.check_health_with(next, endpoint).await {
            Ok(()) => Ok(Ok(())),
            Err(e @ (BrokerError::Target(_) | BrokerError::NotAdmitted(_))) => {
                Ok(Err(format!("{} {} fails its health check there: {e}", facts.name, facts.version)))
            }
            Err(e) => Err(e),
        }
    }

    /// Whether a version can work with what a target has, and sends its secrets where the one that it has does. `versions` are all
    /// that are known of the connector.
    pub(crate) fn fits(versions: &[ConnectorRow], facts: &ConnectorFacts, target: &Target) -> Result<(), BrokerError> {
        check_can_be_set(versions, facts, target)?;
        check_settings(facts, &target.settings)?;
        check_secrets_of(facts, &target.secrets)?;
        check_same_way(versions, facts, target)
    }

    /// A target uses a version from now on.
    pub(crate) async fn in_use(&self, tx: &mut Tx, digest: &Digest, target: &TargetId, actors: &[PrincipalId]) -> Result<(), BrokerError> {
        let mut row = tx.reads().connector(digest).await?.ok_or_else(|| BrokerError::not_found("connector", digest))?;
        let state = row.state.on(ConnectorEvent::Activate)?;
        if state != row.state {
            row.state = state;
            tx.update_connector(&row).await?;
        }
        tx.emit(Event::new(EventKind::ConnectorActivated, target).by(actors).connector(*digest)).await?;
        Ok(())
    }

    /// A target uses a version no more. After the last one it retires.
    async fn left(&self, tx: &mut Tx, digest: &Digest) -> Result<(), BrokerError> {
        if tx.reads().targets().await?.iter().any(|target| target.connector == *digest) {
            return Ok(());
        }
        let mut row = tx.reads().connector(digest).await?.ok_or_else(|| BrokerError::not_found("connector", digest))?;
        let Ok(state) = row.state.on(ConnectorEvent::Retire) else { return Ok(()) };
        if state != row.state {
            row.state = state;
            tx.update_connector(&row).await?;
            tx.emit(Event::new(EventKind::ConnectorRetiring, digest).connector(*digest)).await?;
        }
        Ok(())
    }
}

/// An order to move a target, over what is known of its versions.
pub(crate) fn order(known: Option<Activation>, target: &TargetId, next: Digest, at: hallpass_domain::Timestamp) -> Activation {
    let previous = known.and_then(|known| known.previous);
    Activation { target: target.clone(), previous, next: Some(next), held_back: None, at }
}
