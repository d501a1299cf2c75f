//! Looking after versions on every node: what another node decided is learnt from the store, at most a second later.

use hallpass_domain::connector::{ConnectorEvent, ConnectorState};
use hallpass_domain::event::{Event, EventKind};
use hallpass_domain::grant::{EndReason, GrantState};
use hallpass_domain::ids::{Digest, GrantId};
use hallpass_domain::target::Target;
use hallpass_policy::Action;
use hallpass_store::{ConnectorRow, run_tx};
use tokio_util::sync::CancellationToken;

use super::{may, still_may};
use crate::Broker;
use crate::context::OpContext;
use crate::engine;
use crate::error::BrokerError;
use crate::views::{Holders, Unloading};

/// How long a decision of another node may stay unknown here.
const LOOK_MS: u64 = 1_000;
/// How many grants of banned versions end in one round.
const ROUND: u32 = 100;

impl Broker {
    /// Runs until stopped.
    pub(crate) async fn keep_connectors(&self, stop: CancellationToken) {
        loop {
            if let Err(e) = self.look_after_connectors().await {
                tracing::warn!(cause = %e, "the connectors could not be looked after");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.connectors_changed.notified() => {}
                () = self.clock.sleep_until(self.clock.now().plus(LOOK_MS)) => {}
            }
        }
    }

    /// One round: moves that were ordered, versions that nothing holds any more, versions that were banned.
    pub(crate) async fn look_after_connectors(&self) -> Result<(), BrokerError> {
        self.activate_ordered().await?;
        for digest in self.store.reads().await?.released_connectors().await? {
            self.let_go(&digest).await?;
        }
        let states = self.store.reads().await?.connector_states().await?;
        for (digest, state) in states {
            if state.is_callable() || self.connectors.facts(&digest).is_none() {
                continue;
            }
            if state == ConnectorState::Banned {
                self.connectors.interrupt(&digest);
            }
            self.connectors.unload(&digest).await;
        }
        loop {
            let grants = self.store.reads().await?.banned_grants(ROUND).await?;
            for grant in &grants {
                self.end_banned(&grant.id).await?;
            }
            if grants.len() < ROUND as usize {
                return Ok(());
            }
        }
    }

    async fn let_go(&self, digest: &Digest) -> Result<(), BrokerError> {
        run_tx!(self.store, "connector.unload", |tx| -> Result<(), BrokerError> {
            let mut row = tx.reads().connector(digest).await?.ok_or_else(|| BrokerError::not_found("connector", digest))?;
            let Ok(state) = row.state.on(ConnectorEvent::Unload) else { return Ok(()) };
            // Behind the row: whoever took the version up again meanwhile is seen, or finds that it is gone.
            if !tx.reads().released_connectors().await?.contains(digest) {
                return Ok(());
            }
            row.state = state;
            tx.update_connector(&row).await?;
            tx.emit(Event::new(EventKind::ConnectorUnloaded, digest).connector(*digest)).await?;
            Ok(())
        })
    }

    /// Access that a banned version made is to go. It is overdue until its holding has another version that takes it away.
    async fn end_banned(&self, id: &GrantId) -> Result<(), BrokerError> {
        run_tx!(self.store, "grant.end", |tx| -> Result<(), BrokerError> {
            let Some(grant) = tx.reads().grant(id).await?.filter(|grant| grant.state.is_live()) else { return Ok(()) };
            let holding = tx.reads().holding(&grant.holding).await?.ok_or_else(|| BrokerError::not_found("holding", &grant.holding))?;
            let row = tx.reads().connector(&holding.connector).await?;
            engine::end_in(self, tx, id, EndReason::Banned, &[], None).await?;
            let grant = tx.reads().grant(id).await?;
            if let (Some(mut grant), Some(row)) = (grant.filter(|grant| grant.state == GrantState::Ending), row) {
                grant.last_failure = Some(banned(&row));
                tx.update_grant(&grant).await?;
            }
            Ok(())
        })
    }

    /// Takes a version out of use: at once where nothing holds it, else as soon as its last holding has ended.
    pub async fn unload_connector(&self, ctx: &OpContext, digest: &Digest) -> Result<Unloading, BrokerError> {
        let row = self.store.reads().await?.connector(digest).await?.ok_or_else(|| BrokerError::not_found("connector", digest))?;
        may(ctx, Action::ConnectorUnload, &row.facts)?;
        let actors = ctx.actors();
        if row.state != ConnectorState::Unloaded {
            run_tx!(self.store, "connector.retire", |tx| -> Result<(), BrokerError> {
                still_may(ctx, tx, Action::ConnectorUnload, &row.facts).await?;
                let mut row = tx.reads().connector(digest).await?.ok_or_else(|| BrokerError::not_found("connector", digest))?;
                let state = row.state.on(ConnectorEvent::Retire)?;
                check_unused(&tx.reads().targets().await?, digest)?;
                if state != row.state {
                    row.state = state;
                    tx.update_connector(&row).await?;
                    tx.emit(Event::new(EventKind::ConnectorRetiring, digest).by(&actors).connector(*digest)).await?;
                }
                Ok(())
            })?;
        }
        self.look_after_connectors().await?;
        Ok(Unloading { connector: self.connector(ctx, digest).await?, holders: self.holders(digest).await? })
    }

    /// Who still needs a version.
    pub(crate) async fn holders(&self, digest: &Digest) -> Result<Holders, BrokerError> {
        let mut reads = self.store.reads().await?;
        let targets = reads.targets().await?.into_iter().filter(|t| t.connector == *digest).map(|t| (t.id, t.name)).collect();
        let holdings = reads.live_holdings_of(digest).await?.into_iter().map(|h| h.id).collect();
        Ok(Holders { targets, holdings })
    }

    /// Stops a version for good, on every node: it never runs again, and cannot be loaded again. Access that it made ends; what of
    /// it cannot be taken away without it is overdue until it is re-pinned.
    pub async fn ban_connector(&self, ctx: &OpContext, digest: &Digest, reason: &str) -> Result<Unloading, BrokerError> {
        let row = self.store.reads().await?.connector(digest).await?.ok_or_else(|| BrokerError::not_found("connector", digest))?;
        may(ctx, Action::ConnectorBan, &row.facts)?;
        hallpass_domain::name::check_free_text("the reason", reason, 1_000)
            .map_err(|e| BrokerError::invalid("reason", e, "Shorten it or remove what cannot be shown."))?;
        if reason.trim().is_empty() {
            return Err(BrokerError::invalid(
                "reason",
                "it is empty",
                "Say what was found: it is shown wherever the version would be used.",
            ));
        }
        let actors = ctx.actors();
        let banned: Result<(), BrokerError> = run_tx!(self.store, "connector.ban", |tx| -> Result<(), BrokerError> {
            still_may(ctx, tx, Action::ConnectorBan, &row.facts).await?;
            let mut row = tx.reads().connector(digest).await?.ok_or_else(|| BrokerError::not_found("connector", digest))?;
            row.state = row.state.on(ConnectorEvent::Ban)?;
            row.reason = Some(reason.to_owned());
            tx.update_connector(&row).await?;
            self.lapse_requests_for(tx, digest).await?;
            tx.emit(Event::new(EventKind::ConnectorBanned, digest).by(&actors).connector(*digest).text("reason", reason)).await?;
            Ok(())
        });
        banned?;
        tracing::warn!(connector = %digest, "a connector was banned: {reason}");
        self.look_after_connectors().await?;
        Ok(Unloading { connector: self.connector(ctx, digest).await?, holders: self.holders(digest).await? })
    }
}

fn check_unused(targets: &[Target], digest: &Digest) -> Result<(), BrokerError> {
    let names: Vec<&str> = targets.iter().filter(|t| t.connector == *digest).map(|t| t.name.as_str()).collect();
    if names.is_empty() {
        return Ok(());
    }
    let remedy = "Move them to another version first: hallpass connector upgrade.";
    Err(BrokerError::invalid("connector", format!("it is used by {}", names.join(", ")), remedy))
}

/// Why a banned version does nothing.
pub(crate) fn banned(row: &ConnectorRow) -> String {
    let reason = row.reason.as_deref().unwrap_or("no reason was given");
    format!("{} {} is banned: {reason}. Move its holdings with `hallpass connector repin`", row.facts.name, row.facts.version)
}
