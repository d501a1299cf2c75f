//! Connectors: loaded into the running broker, known by the SHA-256 of their file.

use std::sync::Arc;

use hallpass_domain::event::{Event, EventKind};
use hallpass_domain::ids::Digest;
use hallpass_domain::port::ConnectorFacts;
use hallpass_policy::{Action, ResourceFacts};
use hallpass_store::run_tx;

use crate::Broker;
use crate::context::OpContext;
use crate::error::BrokerError;

impl Broker {
    /// Checks, compiles and records a plugin file. Loading the same file again changes nothing.
    pub async fn load_connector(&self, ctx: &OpContext, file: &[u8]) -> Result<Arc<ConnectorFacts>, BrokerError> {
        ctx.authorize(Action::ConnectorLoad, ResourceFacts::Installation)?;
        let facts = self.connectors.load(file).await?;
        if self.store.reads().await?.connector(&facts.digest).await?.is_some() {
            return Ok(facts);
        }
        let (now, actors) = (self.clock.now(), ctx.actors());
        run_tx!(self.store, "connector.load", |tx| -> Result<(), BrokerError> {
            tx.insert_connector(&facts, file, now).await?;
            tx.emit(
                Event::new(EventKind::ConnectorLoaded, &facts.digest)
                    .by(&actors)
                    .connector(facts.digest)
                    .text("name", facts.name.clone())
                    .text("version", facts.version.clone()),
            )
            .await?;
            Ok(())
        })?;
        Ok(facts)
    }

    /// All loaded connectors, the newest last.
    pub async fn connectors(&self, ctx: &OpContext) -> Result<Vec<ConnectorFacts>, BrokerError> {
        let known = self.store.reads().await?.connectors().await?.into_iter().map(|row| row.facts);
        Ok(known.filter(|facts| may_read(ctx, facts).is_ok()).collect())
    }

    /// One loaded connector.
    pub async fn connector(&self, ctx: &OpContext, digest: &Digest) -> Result<ConnectorFacts, BrokerError> {
        let row = self.store.reads().await?.connector(digest).await?;
        let facts = row.map(|row| row.facts).ok_or_else(|| BrokerError::not_found("connector", digest))?;
        may_read(ctx, &facts)?;
        Ok(facts)
    }

    /// The facts of a connector, which is loaded from the store where this node has not done it yet.
    pub(crate) async fn loaded(&self, digest: &Digest) -> Result<Arc<ConnectorFacts>, BrokerError> {
        if let Some(facts) = self.connectors.facts(digest) {
            return Ok(facts);
        }
        let file = self.store.reads().await?.connector_bytes(digest).await?.ok_or_else(|| BrokerError::not_found("connector", digest))?;
        Ok(self.connectors.load(&file).await?)
    }

    /// At start: every connector that the store knows. One that does not load any more is named and left out; its holdings
    /// wait for it.
    pub(crate) async fn load_known_connectors(&self) {
        let known = match self.store.reads().await {
            Ok(mut reads) => reads.connectors().await,
            Err(e) => Err(e),
        };
        match known {
            Ok(known) => {
                for row in known {
                    let facts = row.facts;
                    if let Err(e) = self.loaded(&facts.digest).await {
                        tracing::error!(connector = %facts.digest, cause = %e, "a known connector does not load");
                    }
                }
            }
            Err(e) => tracing::error!(cause = %e, "the known connectors could not be looked up"),
        }
    }
}

fn may_read(ctx: &OpContext, facts: &ConnectorFacts) -> Result<(), BrokerError> {
    let named = hallpass_policy::ConnectorFacts { name: facts.name.clone() };
    ctx.authorize(Action::ConnectorRead, ResourceFacts::Connector(&named))
}
