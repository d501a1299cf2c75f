//! Connectors: loaded into the running broker, known by the SHA-256 of their file.
//!
//! A version goes `loaded → active → retiring → unloaded`, or is banned (`domain::connector`). `load` lets a file in, `trust` says
//! whose files; what it may do is what it asks for ∩ what was granted, looked up at each attempt.

mod activate;
mod fits;
mod keep;
mod load;
pub(crate) mod quarantine;
mod repin;
mod trial;
pub(crate) mod trust;
mod upgrade;
pub(crate) mod way;

use std::sync::Arc;

pub(crate) use keep::banned;
pub(crate) use trial::trial_lease;

use hallpass_domain::connector::{ConnectorEvent, ConnectorState};
use hallpass_domain::ids::{Digest, TargetId};
use hallpass_domain::port::{ConnectorFacts, Failure, FailureKind, Granted};
use hallpass_policy::{Action, ResourceFacts};
use hallpass_store::{ConnectorRow, Standing, Tx};

use crate::Broker;
use crate::context::OpContext;
use crate::error::BrokerError;

impl Broker {
    /// Refuses whoever may not load a connector, before its file is taken in.
    pub fn may_load_connector(&self, ctx: &OpContext) -> Result<(), BrokerError> {
        ctx.authorize(Action::ConnectorLoad, ResourceFacts::Installation)
    }

    /// All loaded connectors, the newest last.
    pub async fn connectors(&self, ctx: &OpContext) -> Result<Vec<ConnectorRow>, BrokerError> {
        let known = self.store.reads().await?.connectors().await?;
        Ok(known.into_iter().filter(|row| may(ctx, Action::ConnectorRead, &row.facts).is_ok()).collect())
    }

    /// One loaded connector.
    pub async fn connector(&self, ctx: &OpContext, digest: &Digest) -> Result<ConnectorRow, BrokerError> {
        let row = self.store.reads().await?.connector(digest).await?.ok_or_else(|| BrokerError::not_found("connector", digest))?;
        may(ctx, Action::ConnectorRead, &row.facts)?;
        Ok(row)
    }

    /// The facts of a connector, whether or not it can be called.
    pub(crate) async fn known(&self, digest: &Digest) -> Result<Arc<ConnectorFacts>, BrokerError> {
        if let Some(facts) = self.connectors.facts(digest) {
            return Ok(facts);
        }
        let row = self.store.reads().await?.connector(digest).await?.ok_or_else(|| BrokerError::not_found("connector", digest))?;
        Ok(Arc::new(row.facts))
    }

    /// What a call of this version may use. Asked in the store at each attempt, so that what another node decided holds here at
    /// once; loads the version where this node has not done it yet.
    pub(crate) async fn callable(&self, digest: &Digest, target: Option<&TargetId>) -> Result<Result<Granted, Failure>, BrokerError> {
        let standing = self.store.reads().await?.standing(digest, target).await?;
        self.callable_as(digest, standing.ok_or_else(|| BrokerError::not_found("connector", digest))?).await
    }

    /// The same where it was asked already how the version stands.
    pub(crate) async fn callable_as(&self, digest: &Digest, standing: Standing) -> Result<Result<Granted, Failure>, BrokerError> {
        let granted = match standing {
            Standing { state, quarantined: None, granted: Some(granted) } if state != ConnectorState::Banned => granted,
            standing => return self.stopped(digest, standing).await.map(Err),
        };
        if self.connectors.facts(digest).is_none() {
            // Compiling takes a while: nobody waits for the connection.
            let file = self.store.reads().await?.connector_bytes(digest).await?;
            let file = file.ok_or_else(|| BrokerError::not_found("connector", digest))?;
            if Digest::of(&file) != *digest {
                return Err(BrokerError::Internal(format!("the stored file of the connector {digest} was altered")));
            }
            self.connectors.load(&file).await?;
        }
        Ok(Ok(Granted::only(&granted)))
    }

    /// Why a version that stands like this is not called.
    async fn stopped(&self, digest: &Digest, standing: Standing) -> Result<Failure, BrokerError> {
        let row = self.store.reads().await?.connector(digest).await?.ok_or_else(|| BrokerError::not_found("connector", digest))?;
        let name = format!("{} {}", row.facts.name, row.facts.version);
        let (code, message) = match standing.quarantined {
            _ if standing.state == ConnectorState::Banned => ("connector-banned", keep::banned(&row)),
            Some(reason) => {
                let remedy = "An operator lifts it with `hallpass target lift`, or upgrades the connector";
                ("connector-quarantined", format!("calls to {name} have stopped in this target after {reason}. {remedy}"))
            }
            None => ("connector-not-accepted", format!("nobody has accepted yet what {name} asks for")),
        };
        Ok(Failure::none(FailureKind::Unsupported, code, message))
    }

    /// At start: every connector that the store knows and that may be called. One that does not load any more is named and left
    /// out; its holdings wait for it.
    pub(crate) async fn load_known_connectors(&self) {
        let known = match self.store.reads().await {
            Ok(mut reads) => reads.connectors().await,
            Err(e) => Err(e),
        };
        match known {
            Ok(known) => {
                for row in known.iter().filter(|row| row.state.is_callable() && row.granted.is_some()) {
                    if let Err(e) = self.callable(&row.facts.digest, None).await {
                        tracing::error!(connector = %row.facts.digest, cause = %e, "a known connector does not load");
                    }
                }
            }
            Err(e) => tracing::error!(cause = %e, "the known connectors could not be looked up"),
        }
    }
}

/// Refuses a caller who may not do this with a connector any more. First in a transaction that does it.
pub(crate) async fn still_may(ctx: &OpContext, tx: &mut Tx, action: Action, facts: &ConnectorFacts) -> Result<OpContext, BrokerError> {
    let ctx = ctx.refresh(tx, &[]).await?;
    may(&ctx, action, facts)?;
    Ok(ctx)
}

/// The row of a version that is about to be used; it is taken back into use where it was unloaded. The row is written in any case:
/// whoever lets go of the version at this moment came first, or does not do it. The event is the caller's.
pub(crate) async fn take_up(tx: &mut Tx, digest: &Digest) -> Result<ConnectorRow, BrokerError> {
    let mut row = tx.reads().connector(digest).await?.ok_or_else(|| BrokerError::not_found("connector", digest))?;
    if row.state == ConnectorState::Unloaded {
        row.state = row.state.on(ConnectorEvent::Load)?;
    }
    row.state.on(ConnectorEvent::Activate)?;
    row.revision = tx.update_connector(&row).await?;
    Ok(row)
}

/// Whether the caller may do something with a connector.
pub(crate) fn may(ctx: &OpContext, action: Action, facts: &ConnectorFacts) -> Result<(), BrokerError> {
    let named = hallpass_policy::ConnectorFacts { name: facts.name.clone() };
    ctx.authorize(action, ResourceFacts::Connector(&named))
}
