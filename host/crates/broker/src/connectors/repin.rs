//! Re-pinning: live holdings move to another version on purpose, once that version is seen to see the same.

use hallpass_domain::connector::ConnectorState;
use hallpass_domain::event::{Event, EventKind};
use hallpass_domain::holding::{Holding, Presence};
use hallpass_domain::ids::{Digest, HoldingId, TargetId};
use hallpass_domain::operation::{Operation, OperationKind, OperationState};
use hallpass_domain::parameter;
use hallpass_domain::port::{EntitlementFacts, Sight, Wish};
use hallpass_policy::Action;
use hallpass_store::{ConnectorRow, Tx, run_tx};

use super::{may, still_may, take_up};
use crate::Broker;
use crate::context::OpContext;
use crate::error::BrokerError;
use crate::views::{NewRepin, Repinned};

impl Broker {
    /// Moves live holdings to this version of their connector. Each is observed with it first, and stays where it is when the
    /// version does not see what was seen before. With `dry_run` nothing moves.
    pub async fn repin_holdings(&self, ctx: &OpContext, to: &Digest, new: NewRepin) -> Result<Vec<Repinned>, BrokerError> {
        let mut reads = self.store.reads().await?;
        let next = reads.connector(to).await?.ok_or_else(|| BrokerError::not_found("connector", to))?;
        may(ctx, Action::ConnectorRepin, &next.facts)?;
        self.usable(to).await?;
        let versions = reads.connector_versions(&next.facts.name).await?;
        let target = match &new.target {
            Some(name) => Some(reads.target_by_name(name).await?.ok_or_else(|| BrokerError::not_found("target", name))?.id),
            None => None,
        };
        let mut holdings = Vec::new();
        for version in versions.iter().filter(|row| row.facts.digest != *to) {
            holdings.extend(reads.live_holdings_of(&version.facts.digest).await?);
        }
        drop(reads);
        if let Some(missing) = new.holdings.iter().find(|id| !holdings.iter().any(|h| h.id == **id)) {
            return Err(BrokerError::not_found("live holding of another version of this connector:", missing));
        }
        let chosen = holdings.into_iter().filter(|h| match &target {
            Some(target) => h.target == *target,
            None => new.holdings.contains(&h.id),
        });
        let mut moved = Vec::new();
        for holding in chosen {
            let from = versions.iter().find(|row| row.facts.digest == holding.connector);
            moved.push(self.repin(ctx, &holding, from, &next, new.dry_run).await?);
        }
        Ok(moved)
    }

    async fn repin(
        &self,
        ctx: &OpContext,
        holding: &Holding,
        from: Option<&ConnectorRow>,
        next: &ConnectorRow,
        dry_run: bool,
    ) -> Result<Repinned, BrokerError> {
        let to = next.facts.digest;
        let old = from.and_then(|row| row.facts.entitlement(&holding.entitlement));
        let new = next.facts.entitlement(&holding.entitlement);
        let mut view = Repinned {
            holding: holding.id.clone(),
            from: holding.connector,
            to,
            changes: old.zip(new).map(|(old, new)| changes(old, new)).unwrap_or_default(),
            seen_before: holding.seen.map(|seen| seen.presence),
            seen_now: None,
            moved: false,
            reason: None,
        };
        if new.is_none_or(|e| e.mode != holding.mode || e.resource != holding.resource.kind()) {
            view.reason =
                Some(format!("{} {} has no entitlement {} of this kind", next.facts.name, next.facts.version, holding.entitlement));
            return Ok(view);
        }
        if let Some(unfit) = new.and_then(|e| parameter::check(&e.name, &e.parameters, &holding.parameters).err()) {
            view.reason = Some(format!("{} {} takes other parameters: {unfit}", next.facts.name, next.facts.version));
            return Ok(view);
        }
        let is_banned = from.is_some_and(|row| row.state == ConnectorState::Banned);
        let operations = self.store.reads().await?.operations_of(&holding.id).await?;
        if operations.iter().any(|op| matches!(op.state, OperationState::Sent | OperationState::Unknown)) && !is_banned {
            view.reason = Some(String::from("an operation of the old version is under way; try again when it has settled"));
            return Ok(view);
        }
        if let Err(e) = self.begin_look(ctx, holding, next, dry_run).await? {
            view.reason = Some(format!("the target's settings do not fit {} {}: {e}", next.facts.name, next.facts.version));
            return Ok(view);
        }
        match self.look_with(holding, &operations, to).await? {
            Ok(sight) => view.seen_now = sight.presence,
            Err(reason) => {
                view.reason = Some(format!("the new version cannot look: {reason}"));
                return Ok(view);
            }
        }
        let same = match view.seen_before {
            Some(before) => view.seen_now == Some(before),
            // Never seen yet: any clear sight will do.
            None => view.seen_now.is_some(),
        };
        if !same {
            let word = |p: Option<Presence>| p.map_or("something that it does not know", Presence::as_str);
            view.reason = Some(format!("the new version sees {}, and {} was seen before", word(view.seen_now), word(view.seen_before)));
            return Ok(view);
        }
        if !dry_run {
            self.move_holding(ctx, &holding.id, next).await?;
            view.moved = true;
        }
        Ok(view)
    }

    /// Whether this version may be called for a holding that has another one: its look sends the target's secrets. Recorded first.
    async fn begin_look(
        &self,
        ctx: &OpContext,
        holding: &Holding,
        next: &ConnectorRow,
        dry_run: bool,
    ) -> Result<Result<(), BrokerError>, BrokerError> {
        let (actors, to) = (ctx.actors(), next.facts.digest);
        run_tx!(self.store, "holding.repin-look", |tx| -> Result<Result<(), BrokerError>, BrokerError> {
            still_may(ctx, tx, Action::ConnectorRepin, &next.facts).await?;
            if let Err(e) = fits_now(tx, &holding.target, next).await? {
                return Ok(Err(e));
            }
            let event = Event::new(EventKind::HoldingRepinTried, &holding.id).by(&actors).holding(&holding.id).connector(to);
            tx.emit(event.word("from", &holding.connector).word("dry_run", &dry_run)).await?;
            Ok(Ok(()))
        })
    }

    async fn move_holding(&self, ctx: &OpContext, id: &HoldingId, next: &ConnectorRow) -> Result<(), BrokerError> {
        let (actors, to) = (ctx.actors(), next.facts.digest);
        run_tx!(self.store, "holding.repin", |tx| -> Result<(), BrokerError> {
            still_may(ctx, tx, Action::ConnectorRepin, &next.facts).await?;
            take_up(tx, &to).await?;
            let mut holding = tx.anchor_holding(id).await?.ok_or_else(|| BrokerError::not_found("holding", id))?;
            // What the target has may be another by now than when it was looked at.
            fits_now(tx, &holding.target, next).await??;
            let from = holding.connector;
            holding.connector = to;
            // A new version: an operation that was planned or sent for the old one is planned anew.
            tx.update_holding_wish(&holding).await?;
            tx.make_target_due(&holding.target, self.clock.now()).await?;
            tx.emit(Event::new(EventKind::HoldingRepinned, id).by(&actors).holding(id).connector(to).word("from", &from)).await?;
            Ok(())
        })
    }

    /// Looks at a holding with another version than its own, without effect.
    async fn look_with(
        &self,
        holding: &Holding,
        operations: &[Operation],
        connector: Digest,
    ) -> Result<Result<Sight, String>, BrokerError> {
        let mut reads = self.store.reads().await?;
        let target = reads.target(&holding.target).await?.ok_or_else(|| BrokerError::not_found("target", &holding.target))?;
        let endpoint = self.endpoint(&mut reads, &target).await?;
        drop(reads);
        let call = match self.harmless_with(connector, endpoint).await {
            Ok(call) => call,
            Err(BrokerError::Target(failure)) => return Ok(Err(failure.to_string())),
            Err(e) => return Err(e),
        };
        // What the target enforces is what the last apply asked for.
        let applied = operations.iter().rev().find(|op| op.kind == OperationKind::Apply && op.sent.is_some());
        let want = Wish {
            stamp: holding.stamp.clone(),
            mode: holding.mode,
            account: holding.account.clone(),
            entitlement: holding.entitlement.clone(),
            resource: holding.resource.clone(),
            parameters: holding.parameters.clone(),
            until: applied.map_or(holding.desired.until, |op| op.until),
            suspended: holding.desired.presence == Presence::Suspended,
            fresh_credential: false,
            locator: holding.locator.clone(),
        };
        Ok(self.connectors.look(&call, &want).await.map_err(|failure| failure.to_string()))
    }
}

/// Whether a version may work at a target, by what the store says in this transaction.
async fn fits_now(tx: &mut Tx, target: &TargetId, next: &ConnectorRow) -> Result<Result<(), BrokerError>, BrokerError> {
    let target = tx.reads().target(target).await?.ok_or_else(|| BrokerError::not_found("target", target))?;
    let versions = tx.reads().connector_versions(&next.facts.name).await?;
    Ok(Broker::fits(&versions, &next.facts, &target))
}

/// What is declared otherwise for an entitlement.
fn changes(old: &EntitlementFacts, new: &EntitlementFacts) -> Vec<String> {
    let mut changes = Vec::new();
    let mut compare = |what: &str, old: String, new: String| {
        if old != new {
            changes.push(format!("{what}: {old} → {new}"));
        }
    };
    compare("sessions", old.sessions.to_string(), new.sessions.to_string());
    compare("settles within", crate::human(old.settles_within_ms), crate::human(new.settles_within_ms));
    compare("can be suspended", old.suspend.to_string(), new.suspend.to_string());
    compare("carries our mark", old.marked.to_string(), new.marked.to_string());
    compare("parameters", parameters(old), parameters(new));
    compare("the host looks itself", old.host_looks.to_string(), new.host_looks.to_string());
    changes
}

fn parameters(entitlement: &EntitlementFacts) -> String {
    entitlement.parameters.iter().map(|p| format!("{} ({})", p.name, p.takes())).collect::<Vec<_>>().join(", ")
}
