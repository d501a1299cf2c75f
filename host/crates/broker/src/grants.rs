//! Grants: seen, given back, taken away.

use hallpass_domain::failpoint::{Failpoint, hit};
use hallpass_domain::grant::{EndReason, Grant, GrantEvent, GrantState};
use hallpass_domain::holding::Holding;
use hallpass_domain::ids::GrantId;
use hallpass_domain::principal::Principal;
use hallpass_policy::{Action, GrantFacts, ResourceFacts, TargetFacts};
use hallpass_store::{Reads, Tx, run_tx};

use crate::Broker;
use crate::access::stored_access;
use crate::context::{OpContext, must_know};
use crate::engine;
use crate::error::BrokerError;
use crate::part::Filling;
use crate::views::{GrantFilter, GrantView, Page, Part};

impl Broker {
    /// Grants that the caller may see: all of them for an operator, else their own and those of the agents and workloads that they own.
    pub async fn grants(&self, ctx: &OpContext, filter: GrantFilter, page: Page) -> Result<Part<GrantView>, BrokerError> {
        let behind = (!ctx.is_operator() && filter.principal.is_none()).then(|| ctx.principal().clone());
        let query = hallpass_store::GrantFilter {
            principal: filter.principal,
            behind,
            live: filter.live,
            ..hallpass_store::GrantFilter::default()
        };
        let mut part = Filling::new(&page)?;
        while let Some((after, rows)) = part.next() {
            let mut reads = self.store.reads().await?;
            let batch = reads.grants(&query, after.as_ref(), rows).await?;
            part.came(batch.len());
            for grant in batch {
                if !part.pass(&grant.id) {
                    break;
                }
                let facts = self.grant_facts(&mut reads, &grant).await?;
                if ctx.authorize(Action::GrantRead, ResourceFacts::Grant(&facts)).is_ok() {
                    part.keep(self.grant_view(&mut reads, grant).await?);
                }
            }
        }
        Ok(part.finish())
    }

    /// One grant.
    pub async fn grant(&self, ctx: &OpContext, id: &GrantId) -> Result<GrantView, BrokerError> {
        let grant = self.grant_for(ctx, id, Action::GrantRead).await?;
        self.grant_view(&mut self.store.reads().await?, grant).await
    }

    /// Takes a grant away.
    pub async fn revoke(&self, ctx: &OpContext, id: &GrantId, reason: Option<String>) -> Result<GrantView, BrokerError> {
        if let Some(reason) = &reason {
            hallpass_domain::name::check_free_text("the reason", reason, 2_000).map_err(BrokerError::unfit("reason"))?;
        }
        self.stop(ctx, id, Action::GrantRevoke, EndReason::Revoked, reason).await
    }

    /// Gives a grant back.
    pub async fn release(&self, ctx: &OpContext, id: &GrantId) -> Result<GrantView, BrokerError> {
        self.stop(ctx, id, Action::GrantRelease, EndReason::Released, None).await
    }

    async fn stop(
        &self,
        ctx: &OpContext,
        id: &GrantId,
        action: Action,
        why: EndReason,
        words: Option<String>,
    ) -> Result<GrantView, BrokerError> {
        let grant = self.grant_for(ctx, id, action).await?;
        if grant.state != GrantState::Ending {
            grant.state.on(GrantEvent::End)?;
            let actors = ctx.actors();
            let ended: Result<(), BrokerError> = run_tx!(self.store, "grant.stop", |tx| -> Result<(), BrokerError> {
                self.still_holder(ctx, tx, id, action).await?;
                engine::end_in(self, tx, id, why, &actors, words.as_deref()).await?;
                hit(Failpoint::EndBeforeCommit);
                Ok(())
            });
            ended?;
            hit(Failpoint::EndAfterCommit);
        }
        let mut reads = self.store.reads().await?;
        let grant = reads.grant(id).await?.ok_or_else(|| BrokerError::not_found("grant", id))?;
        self.grant_view(&mut reads, grant).await
    }

    /// The grant, if the caller may do this with it. Whoever may not even read it is told that there is none.
    pub(crate) async fn grant_for(&self, ctx: &OpContext, id: &GrantId, action: Action) -> Result<Grant, BrokerError> {
        let mut reads = self.store.reads().await?;
        let grant = reads.grant(id).await?.ok_or_else(|| BrokerError::not_found("grant", id))?;
        let facts = self.grant_facts(&mut reads, &grant).await?;
        ctx.authorize(Action::GrantRead, ResourceFacts::Grant(&facts)).map_err(|_| BrokerError::not_found("grant", id))?;
        ctx.authorize(action, ResourceFacts::Grant(&facts))?;
        Ok(grant)
    }

    /// Refuses a caller who may not do this with the grant any more. Before the grant's holding is anchored.
    pub(crate) async fn still_holder(&self, ctx: &OpContext, tx: &mut Tx, id: &GrantId, action: Action) -> Result<(), BrokerError> {
        let ctx = ctx.refresh(tx, &[]).await?;
        let grant = tx.reads().grant(id).await?.ok_or_else(|| BrokerError::not_found("grant", id))?;
        let facts = self.grant_facts(&mut tx.reads(), &grant).await?;
        ctx.authorize(action, ResourceFacts::Grant(&facts))
    }

    /// A grant in the words of policy: what it was asked for as, by the connector that its holding keeps.
    pub(crate) async fn grant_facts(&self, reads: &mut Reads<'_>, grant: &Grant) -> Result<GrantFacts, BrokerError> {
        let holding = reads.holding(&grant.holding).await?.ok_or_else(|| BrokerError::not_found("holding", &grant.holding))?;
        Ok(self.asked_for(reads, grant, &holding).await?.facts)
    }

    /// The same with its holding in hand, and who asked for it in which words.
    pub(crate) async fn asked_for(&self, reads: &mut Reads<'_>, grant: &Grant, holding: &Holding) -> Result<AskedFor, BrokerError> {
        let (holder, of_holder) = must_know(reads, &grant.principal).await?;
        let found = reads.request_and_target(&grant.request).await?;
        let (request, target) = found.ok_or_else(|| BrokerError::not_found("request", &grant.request))?;
        let (Some(ask), Some((name, environment))) = (request.ask.access(), target) else {
            return Err(BrokerError::Internal(format!("the grant {} came of no asking for access", grant.id)));
        };
        let connector = self.connectors.facts(&holding.connector).map_or_else(|| request.connector.clone(), |facts| facts.name.clone());
        let access = stored_access(ask, TargetFacts { name, environment, connector });
        let facts = GrantFacts { id: grant.id.clone(), holder: of_holder, access };
        Ok(AskedFor { facts, holder, justification: ask.justification.clone() })
    }

    pub(crate) async fn grant_view(&self, reads: &mut Reads<'_>, mut grant: Grant) -> Result<GrantView, BrokerError> {
        let principal = reads.principal(&grant.principal).await?.ok_or_else(|| BrokerError::not_found("principal", &grant.principal))?;
        let target = reads.target(&grant.target).await?.ok_or_else(|| BrokerError::not_found("target", &grant.target))?;
        let holding = reads.holding(&grant.holding).await?.ok_or_else(|| BrokerError::not_found("holding", &grant.holding))?;
        if grant.last_failure.is_none() && !grant.state.is_final() {
            grant.last_failure = reads.open_operation(&grant.holding).await?.and_then(|op| op.last_failure);
        }
        Ok(GrantView {
            overdue: grant.is_overdue(self.clock.now(), self.settings.overdue_grace_ms),
            credential: reads.credential_state(&grant.id).await?,
            principal_name: principal.name,
            target_name: target.name,
            stamp: holding.stamp,
            account: holding.account,
            grant,
        })
    }
}

/// What a grant was asked for as.
pub(crate) struct AskedFor {
    /// In the words of policy.
    pub(crate) facts: GrantFacts,
    /// Who holds it.
    pub(crate) holder: Principal,
    /// Why, in the words of whoever asked.
    pub(crate) justification: Option<String>,
}

/// The grant and its holding, which no other transaction changes from here on.
pub(crate) async fn held(tx: &mut Tx, id: &GrantId) -> Result<(Grant, Holding), BrokerError> {
    let missing = || BrokerError::not_found("grant", id);
    let found = tx.reads().grant(id).await?.ok_or_else(missing)?;
    let holding = tx.anchor_holding(&found.holding).await?.ok_or_else(|| BrokerError::not_found("holding", &found.holding))?;
    Ok((tx.reads().grant(id).await?.ok_or_else(missing)?, holding))
}
