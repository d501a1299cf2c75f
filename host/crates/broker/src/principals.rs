//! Principals: added, seen, offboarded.

use hallpass_domain::Timestamp;
use hallpass_domain::event::{Event, EventKind};
use hallpass_domain::grant::EndReason;
use hallpass_domain::ids::PrincipalId;
use hallpass_domain::name::Name;
use hallpass_domain::principal::{Principal, PrincipalKind, PrincipalState};
use hallpass_policy::{Action, ResourceFacts};
use hallpass_store::run_tx;

use crate::Broker;
use crate::context::{OpContext, facts_of};
use crate::engine;
use crate::error::BrokerError;
use crate::once::{Made, Once};
use crate::part::Filling;
use crate::views::{Invitation, NewPrincipal, Page, Part};

impl Broker {
    /// Adds a principal and makes its one-time link. Agents and workloads need a live human owner.
    pub async fn add_principal(&self, ctx: &OpContext, new: NewPrincipal) -> Result<Invitation, BrokerError> {
        self.make_principal(ctx, new, None).await
    }

    /// The same for a call with a key: sent again, it adds nobody, and shows no link, which is kept nowhere.
    pub async fn add_principal_once(
        &self,
        ctx: &OpContext,
        new: NewPrincipal,
        once: Once<'_, (Principal, Timestamp)>,
    ) -> Result<Made<Invitation>, BrokerError> {
        self.once(ctx, &once, self.make_principal(ctx, new, Some(&once))).await
    }

    async fn make_principal(
        &self,
        ctx: &OpContext,
        new: NewPrincipal,
        once: Option<&Once<'_, (Principal, Timestamp)>>,
    ) -> Result<Invitation, BrokerError> {
        ctx.authorize(Action::PrincipalCreate, ResourceFacts::Installation)?;
        let owner = match (new.kind, &new.owner) {
            (PrincipalKind::User, None) => None,
            (PrincipalKind::User, Some(_)) => return Err(BrokerError::invalid("owner", "a user has no owner", "Leave the owner out.")),
            (_, None) => {
                return Err(BrokerError::invalid("owner", "an agent or workload needs a human owner", "Name the user who answers for it."));
            }
            (_, Some(name)) => Some(self.live_user(name, "owner").await?),
        };
        let principal = self.new_principal(new.kind, new.name, owner.as_ref().map(|o| o.id.clone()))?;
        let actors = ctx.actors();
        let mut link = None;
        run_tx!(self.store, "principal.add", |tx| -> Result<(), BrokerError> {
            let owners: Vec<PrincipalId> = owner.iter().map(|o| o.id.clone()).collect();
            ctx.refresh(tx, &owners).await?.authorize(Action::PrincipalCreate, ResourceFacts::Installation)?;
            for owner in &owners {
                let owner = tx.reads().principal(owner).await?.filter(|p| p.state != PrincipalState::Offboarded);
                owner.ok_or_else(|| BrokerError::invalid("owner", "its owner is offboarded", "Name a user who is there."))?;
            }
            tx.insert_principal(&principal).await?;
            tx.emit(
                Event::new(EventKind::PrincipalAdded, &principal.id)
                    .by(&actors)
                    .word("kind", &principal.kind)
                    .text("name", principal.name.as_str()),
            )
            .await?;
            let (token, expires) = self.invite_in(tx, &principal.id, &actors).await?;
            if let Some(once) = once {
                self.keep_answer(tx, ctx, once, (principal.clone(), expires)).await?;
            }
            link = Some((token, expires));
            Ok(())
        })
        .map_err(|e: BrokerError| duplicate(e, "principal", principal.name.as_str()))?;
        let (token, expires) = link.ok_or_else(|| BrokerError::Internal("no link was made".into()))?;
        Ok(Invitation { principal, token, expires })
    }

    /// Makes a new link for a principal that has not used one yet.
    pub async fn reissue_enrolment(&self, ctx: &OpContext, id: &PrincipalId) -> Result<Invitation, BrokerError> {
        let principal = self.principal_for(ctx, id, Action::PrincipalEnrol).await?;
        if principal.state != PrincipalState::Invited {
            return Err(hallpass_domain::Conflict { noun: "principal", state: principal.state.as_str(), event: "invite" }.into());
        }
        let (actors, mut made) = (ctx.actors(), None);
        run_tx!(self.store, "enrolment.reissue", |tx| -> Result<(), BrokerError> {
            let ctx = ctx.refresh(tx, std::slice::from_ref(id)).await?;
            let known = tx.reads().principal(id).await?.filter(|p| p.state == PrincipalState::Invited).ok_or(BrokerError::Stale)?;
            let facts = facts_of(&mut tx.reads(), &known).await?;
            ctx.authorize(Action::PrincipalEnrol, ResourceFacts::Principal(&facts))?;
            made = Some(self.invite_in(tx, id, &actors).await?);
            Ok(())
        })?;
        let (token, expires) = made.ok_or_else(|| BrokerError::Internal("no link was made".into()))?;
        Ok(Invitation { principal, token, expires })
    }

    /// Principals that the caller may see.
    pub async fn principals(&self, ctx: &OpContext, page: Page) -> Result<Part<Principal>, BrokerError> {
        let mut part = Filling::new(&page)?;
        while let Some((after, rows)) = part.next() {
            let mut reads = self.store.reads().await?;
            let batch = reads.principals(after.as_ref(), rows).await?;
            part.came(batch.len());
            for principal in batch {
                if !part.pass(&principal.id) {
                    break;
                }
                let facts = facts_of(&mut reads, &principal).await?;
                if ctx.authorize(Action::PrincipalRead, ResourceFacts::Principal(&facts)).is_ok() {
                    part.keep(principal);
                }
            }
        }
        Ok(part.finish())
    }

    /// One principal.
    pub async fn principal(&self, ctx: &OpContext, id: &PrincipalId) -> Result<Principal, BrokerError> {
        self.principal_for(ctx, id, Action::PrincipalRead).await
    }

    /// The caller itself.
    pub async fn me(&self, ctx: &OpContext) -> Result<Principal, BrokerError> {
        self.principal(ctx, ctx.principal()).await
    }

    /// Ends all that a principal holds, for good. What it owns is offboarded with it: no live grant without a live owner
    /// (law 10).
    pub async fn offboard_principal(&self, ctx: &OpContext, id: &PrincipalId) -> Result<Principal, BrokerError> {
        self.principal_for(ctx, id, Action::PrincipalOffboard).await?;
        let actors = ctx.actors();
        run_tx!(self.store, "principal.offboard", |tx| -> Result<(), BrokerError> {
            // All anchors first, in the order of ids: whatever they had begun comes to its end before this, or sees it.
            let mut leave: Vec<PrincipalId> = tx.reads().owned_by(id).await?.into_iter().map(|p| p.id).collect();
            leave.push(id.clone());
            let ctx = ctx.refresh(tx, &leave).await?;
            let principal = tx.reads().principal(id).await?.ok_or_else(|| BrokerError::not_found("principal", id))?;
            let facts = facts_of(&mut tx.reads(), &principal).await?;
            ctx.authorize(Action::PrincipalOffboard, ResourceFacts::Principal(&facts))?;
            for gone in leave {
                let principal = tx.reads().principal(&gone).await?.ok_or_else(|| BrokerError::not_found("principal", &gone))?;
                if principal.state == PrincipalState::Offboarded {
                    continue;
                }
                tx.offboard_principal(&gone).await?;
                tx.emit(Event::new(EventKind::PrincipalOffboarded, &gone).by(&actors)).await?;
                let held =
                    hallpass_store::GrantFilter { principal: Some(gone.clone()), live: true, ..hallpass_store::GrantFilter::default() };
                for grant in tx.reads().grants(&held, None, u32::MAX).await? {
                    engine::end_in(self, tx, &grant.id, EndReason::Offboarded, &actors, None).await?;
                }
            }
            Ok(())
        })?;
        self.principal(ctx, id).await
    }

    async fn principal_for(&self, ctx: &OpContext, id: &PrincipalId, action: Action) -> Result<Principal, BrokerError> {
        let mut reads = self.store.reads().await?;
        let principal = reads.principal(id).await?.ok_or_else(|| BrokerError::not_found("principal", id))?;
        let facts = facts_of(&mut reads, &principal).await?;
        ctx.authorize(action, ResourceFacts::Principal(&facts))?;
        Ok(principal)
    }

    /// The user with this name, who must be active.
    pub(crate) async fn live_user(&self, name: &Name, field: &'static str) -> Result<Principal, BrokerError> {
        let found = self.store.reads().await?.principal_by_name(name).await?;
        found.filter(|p| p.kind == PrincipalKind::User && p.state != PrincipalState::Offboarded).ok_or_else(|| {
            BrokerError::invalid(field, format!("there is no live user {name}"), "Name a user that `hallpass principal list` shows.")
        })
    }
}

/// Names what exists already.
pub(crate) fn duplicate(e: BrokerError, noun: &'static str, name: &str) -> BrokerError {
    match e {
        BrokerError::Taken(_) => BrokerError::Duplicate { noun, name: name.to_owned() },
        other => other,
    }
}
