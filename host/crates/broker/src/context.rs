//! Who asks, and whether they may.

use std::collections::BTreeSet;
use std::sync::Arc;

use hallpass_domain::ids::PrincipalId;
use hallpass_domain::name::Name;
use hallpass_domain::principal::{Principal, PrincipalKind, PrincipalState};
use hallpass_policy::{Action, OwnedFacts, PolicySet, PrincipalFacts, ResourceFacts, UserFacts};
use hallpass_store::{Known, Reads, Tx};

use crate::error::BrokerError;

/// The caller of a use case, with the facts that policy is asked about.
#[derive(Debug, Clone)]
pub struct OpContext {
    facts: PrincipalFacts,
    policy: Arc<PolicySet>,
}

impl OpContext {
    pub(crate) fn new(facts: PrincipalFacts, policy: Arc<PolicySet>) -> Self {
        Self { facts, policy }
    }

    /// The caller.
    pub fn principal(&self) -> &PrincipalId {
        self.facts.id()
    }

    /// The caller's name.
    pub fn name(&self) -> &Name {
        self.facts.name()
    }

    /// Whether the caller runs the broker, and so lists what others asked for and hold.
    pub(crate) fn is_operator(&self) -> bool {
        matches!(&self.facts, PrincipalFacts::User(user) if user.groups.iter().any(|g| g.as_str() == crate::identity::OPERATORS))
    }

    /// What policy knows of the caller.
    pub(crate) fn facts(&self) -> &PrincipalFacts {
        &self.facts
    }

    /// The actor chain of events: the human behind an agent first.
    pub(crate) fn actors(&self) -> Vec<PrincipalId> {
        actors(&self.facts)
    }

    /// The caller as it is now. Whoever offboards it or the human behind it, or takes a group from that human, waits until this
    /// transaction ends, or came first and is seen. The principals in `also` are anchored with them: all in the order of their
    /// ids, and before any holding.
    ///
    /// # Errors
    /// [`BrokerError::Unauthenticated`] when the caller or its owner is not active any more.
    pub(crate) async fn refresh(&self, tx: &mut Tx, also: &[PrincipalId]) -> Result<Self, BrokerError> {
        anchor(tx, [self.principal(), &self.facts.human().id].into_iter().chain(also)).await?;
        self.now(&mut tx.reads()).await
    }

    /// The caller as it is now, for what is only read.
    pub(crate) async fn now(&self, reads: &mut Reads<'_>) -> Result<Self, BrokerError> {
        let gone = || BrokerError::unauthenticated("the principal of this token, or its owner, is not active any more");
        let (_, facts) = known(reads, self.principal()).await?.ok_or_else(gone)?;
        if is_alive(&facts) { Ok(Self::new(facts, Arc::clone(&self.policy))) } else { Err(gone()) }
    }

    /// Asks policy. Every use case calls it before it does anything.
    ///
    /// # Errors
    /// [`BrokerError::Forbidden`] with the ids of the policies that decided.
    pub(crate) fn authorize(&self, action: Action, resource: ResourceFacts<'_>) -> Result<(), BrokerError> {
        let verdict = self.policy.authorize(&self.facts, action, resource);
        if verdict.allowed {
            return Ok(());
        }
        let by = if verdict.policies.is_empty() {
            String::from("no policy permits it")
        } else {
            format!("decided by {}", verdict.policies.join(", "))
        };
        Err(BrokerError::forbidden(format!("{} may not do {action} here: {by}. Ask an operator for the right", self.facts.name())))
    }
}

/// Takes the anchors of principals, each once and in the order of their ids.
pub(crate) async fn anchor(tx: &mut Tx, ids: impl Iterator<Item = &PrincipalId>) -> Result<(), BrokerError> {
    for id in ids.collect::<BTreeSet<_>>() {
        tx.anchor_principal(id).await?;
    }
    Ok(())
}

/// Whether the principal and the human behind it are there.
pub(crate) fn is_alive(facts: &PrincipalFacts) -> bool {
    match facts {
        PrincipalFacts::User(user) => user.active,
        PrincipalFacts::Agent(owned) | PrincipalFacts::Workload(owned) => owned.active && owned.owner.active,
    }
}

/// The chain of actors for events: owner, then the agent or workload; a user alone.
pub(crate) fn actors(facts: &PrincipalFacts) -> Vec<PrincipalId> {
    facts.owner().map(|owner| owner.id.clone()).into_iter().chain([facts.id().clone()]).collect()
}

/// A principal and what policy must know of it; `None`: there is no such principal.
pub(crate) async fn known(reads: &mut Reads<'_>, id: &PrincipalId) -> Result<Option<(Principal, PrincipalFacts)>, BrokerError> {
    let Some(Known { principal, owner, groups }) = reads.known(id).await? else { return Ok(None) };
    let user = |user: Principal, groups| UserFacts { active: user.state == PrincipalState::Active, id: user.id, name: user.name, groups };
    if principal.kind == PrincipalKind::User {
        let facts = PrincipalFacts::User(user(principal.clone(), groups));
        return Ok(Some((principal, facts)));
    }
    let owner = owner.ok_or_else(|| BrokerError::Internal(format!("{} has no owner", principal.id)))?;
    let (id, name, active) = (principal.id.clone(), principal.name.clone(), principal.state == PrincipalState::Active);
    let owned = OwnedFacts { id, name, active, owner: user(owner, groups) };
    let is_agent = principal.kind == PrincipalKind::Agent;
    let facts = if is_agent { PrincipalFacts::Agent(owned) } else { PrincipalFacts::Workload(owned) };
    Ok(Some((principal, facts)))
}

/// [`known`] of a principal that must be there.
pub(crate) async fn must_know(reads: &mut Reads<'_>, id: &PrincipalId) -> Result<(Principal, PrincipalFacts), BrokerError> {
    known(reads, id).await?.ok_or_else(|| BrokerError::not_found("principal", id))
}

/// What policy must know of a principal.
pub(crate) async fn facts_of(reads: &mut Reads<'_>, principal: &Principal) -> Result<PrincipalFacts, BrokerError> {
    Ok(must_know(reads, &principal.id).await?.1)
}
