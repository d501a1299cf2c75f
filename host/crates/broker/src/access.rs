//! What is asked for or held, in the words of policy; and how an approved request becomes a grant.

use hallpass_domain::clock::Millis;
use hallpass_domain::event::{Event, EventKind};
use hallpass_domain::grant::{Grant, GrantState};
use hallpass_domain::holding::{Desired, Holding, Mode, Presence};
use hallpass_domain::ids::{GrantId, HoldingId, PrincipalId, Stamp};
use hallpass_domain::parameter::{self, Parameters, Unfit};
use hallpass_domain::port::EntitlementFacts;
use hallpass_domain::request::{Ask, Asked, Request, Stage};
use hallpass_domain::resource::Resource;
use hallpass_domain::target::Target;
use hallpass_policy::{AccessFacts, AccessQuery, Allowed, AskedFacts, ConnectorFacts, Decision, PrincipalFacts, RequestFacts, TargetFacts};
use hallpass_store::{Reads, Tx};

use crate::Broker;
use crate::context::{anchor, is_alive, must_know};
use crate::engine;
use crate::error::BrokerError;
use crate::requests::check_admitted;
use crate::targets::{check_there, target_facts};

/// A target and one of its entitlements.
pub(crate) struct Wanted {
    pub(crate) target: Target,
    pub(crate) entitlement: EntitlementFacts,
    pub(crate) access: AccessFacts,
}

/// The access of a stored request or grant, in the words of policy. Of the target it takes what it is called now; what the
/// entitlement was is in the rows themselves, because the target may have another connector by now.
pub(crate) fn stored_access(ask: &Ask, target: TargetFacts) -> AccessFacts {
    let (entitlement, parameters) = (ask.entitlement.clone(), ask.parameters.clone());
    AccessFacts { target, entitlement, resource: ask.resource.clone(), parameters, mode: ask.mode }
}

impl Wanted {
    /// Why the entitlement does not take these parameters, where it does not.
    pub(crate) fn unfit(&self) -> Option<Unfit> {
        parameter::check(&self.entitlement.name, &self.entitlement.parameters, &self.access.parameters).err()
    }
}

impl Broker {
    /// The access that an entitlement of a target on a resource is; both must exist and fit. Whether it takes these parameters is
    /// for the caller to [check](Wanted::unfit).
    pub(crate) async fn wanted(
        &self,
        target: Target,
        entitlement: &str,
        resource: &Resource,
        parameters: &Parameters,
    ) -> Result<Wanted, BrokerError> {
        let facts = self.known(&target.connector).await?;
        let Some(found) = facts.entitlement(entitlement) else {
            let known: Vec<&str> = facts.entitlements.iter().map(|e| e.name.as_str()).collect();
            return Err(BrokerError::invalid(
                "entitlement",
                format!("the target {} has no entitlement {entitlement:?}", target.name),
                format!("It has: {}.", known.join(", ")),
            ));
        };
        if found.resource != resource.kind() {
            return Err(BrokerError::invalid(
                "resource",
                format!("{entitlement} is held on a {}, not on a {}", found.resource, resource.kind()),
                format!("Write it as {}.", found.resource.split('/').map(|k| format!("{k}:NAME")).collect::<Vec<_>>().join("/")),
            ));
        }
        let access = AccessFacts {
            target: target_facts(&target, &facts),
            entitlement: entitlement.to_owned(),
            resource: resource.clone(),
            parameters: parameters.clone(),
            mode: found.mode,
        };
        let entitlement = found.clone();
        Ok(Wanted { target, entitlement, access })
    }

    /// A request in the words of policy.
    pub(crate) async fn request_facts(&self, reads: &mut Reads<'_>, request: &Request) -> Result<RequestFacts, BrokerError> {
        let (_, requester) = must_know(reads, &request.requester).await?;
        let (beneficiary, what) = match &request.ask {
            Asked::Access(ask) => {
                let target = reads.target(&ask.target).await?.ok_or_else(|| BrokerError::not_found("target", &ask.target))?;
                let target = TargetFacts { name: target.name, environment: target.environment, connector: request.connector.clone() };
                (None, AskedFacts::Access(stored_access(ask, target)))
            }
            Asked::Permissions(ask) => {
                let row = reads.connector(&ask.connector).await?.ok_or_else(|| BrokerError::not_found("connector", ask.connector))?;
                (Some(must_know(reads, &row.loaded_by).await?.1), AskedFacts::Connector(ConnectorFacts { name: row.facts.name }))
            }
        };
        let approvers = request.stages.iter().flat_map(Stage::deciders).cloned().collect();
        Ok(RequestFacts { id: request.id.clone(), requester, beneficiary, what, approvers })
    }

    /// What policy says of an access now, to a principal as it is now; its limits are errors that name them.
    pub(crate) fn still_allowed(
        &self,
        principal: &PrincipalFacts,
        access: AccessFacts,
        duration_ms: Millis,
        justification: Option<&str>,
    ) -> Result<(), BrokerError> {
        check_admitted(&self.not_denied(principal, access, duration_ms)?, duration_ms, justification)
    }

    /// The same without the limits of what was asked for.
    pub(crate) fn not_denied(&self, principal: &PrincipalFacts, access: AccessFacts, duration_ms: Millis) -> Result<Allowed, BrokerError> {
        if !is_alive(principal) {
            let reason = format!("{}, or its owner, is not active any more", principal.name());
            return Err(BrokerError::PolicyDenied { reason, policies: Vec::new() });
        }
        match self.policy.decide(&AccessQuery { principal: principal.clone(), access, duration_ms }) {
            Decision::Allowed(allowed) => Ok(allowed),
            Decision::Denied(denied) => Err(BrokerError::PolicyDenied { reason: denied.reason, policies: denied.policies }),
        }
    }

    /// The account of a principal in a target, which mode access needs.
    pub(crate) async fn account_for(
        &self,
        reads: &mut Reads<'_>,
        principal: &PrincipalFacts,
        wanted: &Wanted,
    ) -> Result<Option<String>, BrokerError> {
        if wanted.entitlement.mode == Mode::Provisioning {
            return Ok(None);
        }
        let account = reads.account(principal.id(), &wanted.target.id).await?;
        account.map(Some).ok_or_else(|| {
            BrokerError::invalid(
                "target",
                format!(
                    "{} has no account in {}, and {} is held by an account",
                    principal.name(),
                    wanted.target.name,
                    wanted.entitlement.name
                ),
                format!("Ask an operator to set it: hallpass target set-account {} {} ACCOUNT.", wanted.target.name, principal.name()),
            )
        })
    }

    /// The grant of an approved request, its holding, and the durable intent to make it true. One commit with the verdict. Policy
    /// is asked again, about whoever is there now and what the target offers now.
    pub(crate) async fn create_grant(
        &self,
        tx: &mut Tx,
        request: &Request,
        ask: &Ask,
        actors: &[PrincipalId],
    ) -> Result<GrantId, BrokerError> {
        let now = self.clock.now();
        let missing = || BrokerError::not_found("principal", &request.requester);
        let owner = tx.reads().principal(&request.requester).await?.ok_or_else(missing)?.owner;
        anchor(tx, [&request.requester].into_iter().chain(&owner)).await?;
        // The target does not move to another version meanwhile: the old one would be let go of before it has this holding.
        tx.hold_target(&ask.target).await?;
        let mut reads = tx.reads();
        let target = reads.target(&ask.target).await?.ok_or_else(|| BrokerError::not_found("target", &ask.target))?;
        check_there(&target)?;
        let wanted = self.wanted(target, &ask.entitlement, &ask.resource, &ask.parameters).await?;
        if let Some(unfit) = wanted.unfit() {
            return Err(BrokerError::invalid(
                "parameters",
                format!("{} has another version of its connector than when this was asked for, and {unfit}", wanted.target.name),
                "Deny the request or withdraw it, and ask anew with what the entitlement takes now.",
            ));
        }
        let (_, facts) = must_know(&mut reads, &request.requester).await?;
        self.still_allowed(&facts, wanted.access.clone(), request.approved_ms, ask.justification.as_deref())?;
        let account = self.account_for(&mut reads, &facts, &wanted).await?;
        drop(reads);
        let holding = self.holding_for(tx, &wanted, account).await?;
        let grant = Grant {
            id: GrantId::new(now, self.rng.as_ref())?,
            request: request.id.clone(),
            principal: request.requester.clone(),
            target: wanted.target.id.clone(),
            entitlement: ask.entitlement.clone(),
            resource: ask.resource.clone(),
            parameters: ask.parameters.clone(),
            holding: holding.clone(),
            state: GrantState::Activating,
            duration_ms: request.approved_ms,
            policy_revision: request.policy_revision.clone(),
            created: now,
            activate_by: now.plus(self.settings.activation_window_ms),
            activated: None,
            ends: None,
            end_reason: None,
            ending_since: None,
            ended: None,
            seen_by: None,
            left: None,
            last_failure: None,
            version: 1,
        };
        tx.insert_grant(&grant).await?;
        let created = Event::new(EventKind::GrantCreated, &grant.id)
            .by(actors)
            .grant(&grant.id)
            .request(&request.id)
            .holding(&holding)
            .policy(&grant.policy_revision)
            .word("principal", &grant.principal)
            .number("duration_ms", i64::try_from(grant.duration_ms).unwrap_or(i64::MAX));
        tx.emit(of_access(created, ask)).await?;
        engine::converge(self, tx, &holding).await?;
        Ok(grant.id)
    }

    /// The holding that a grant belongs to: one of its own where an account is made, else the account's only one.
    async fn holding_for(&self, tx: &mut Tx, wanted: &Wanted, account: Option<String>) -> Result<HoldingId, BrokerError> {
        let found = match &account {
            Some(name) => holding_of(&mut tx.reads(), wanted, name).await?.map(|holding| holding.id),
            None => None,
        };
        let Some(found) = found else {
            let holding = self.new_holding(wanted, account)?;
            tx.insert_holding(&holding).await?;
            return Ok(holding.id);
        };
        // Behind its anchor: it does not begin a new life with other parameters between this look and the commit.
        let mut holding = tx.anchor_holding(&found).await?.ok_or_else(|| BrokerError::not_found("holding", &found))?;
        if is_idle(&mut tx.reads(), &holding).await? {
            // A new life: what is there now is the baseline, and today's connector makes it.
            holding.connector = wanted.target.connector;
            holding.parameters.clone_from(&wanted.access.parameters);
            holding.baseline = None;
            holding.locator = None;
            holding.seen = None;
            tx.update_holding_wish(&holding).await?;
        } else {
            same_parameters(&mut tx.reads(), &holding, wanted).await?;
        }
        Ok(found)
    }

    fn new_holding(&self, wanted: &Wanted, account: Option<String>) -> Result<Holding, BrokerError> {
        let now = self.clock.now();
        let id = HoldingId::new(now, self.rng.as_ref())?;
        Ok(Holding {
            stamp: Stamp::new(self.store.installation(), &id),
            id,
            target: wanted.target.id.clone(),
            account,
            entitlement: wanted.entitlement.name.clone(),
            resource: wanted.access.resource.clone(),
            parameters: wanted.access.parameters.clone(),
            mode: wanted.entitlement.mode,
            connector: wanted.target.connector,
            locator: None,
            baseline: None,
            desired: Desired { presence: Presence::Absent, until: now },
            seen: None,
            version: 1,
        })
    }
}

/// An event about what is asked for.
pub(crate) fn of_access(event: Event, ask: &Ask) -> Event {
    let event = event.word("target", &ask.target).word("entitlement", &ask.entitlement).text("resource", ask.resource.to_string());
    if ask.parameters.is_empty() { event } else { event.text("parameters", parameter::line(&ask.parameters)) }
}

/// Refuses what an account holds already with other parameters: the target could only have one of them, and the end of either would
/// take the other's.
pub(crate) async fn not_held_otherwise(reads: &mut Reads<'_>, wanted: &Wanted, account: &str) -> Result<(), BrokerError> {
    match holding_of(reads, wanted, account).await? {
        Some(holding) if !is_idle(reads, &holding).await? => same_parameters(reads, &holding, wanted).await,
        _ => Ok(()),
    }
}

async fn holding_of(reads: &mut Reads<'_>, wanted: &Wanted, account: &str) -> Result<Option<Holding>, BrokerError> {
    Ok(reads.holding_by_key(&wanted.target.id, account, &wanted.entitlement.name, &wanted.access.resource).await?)
}

/// Whether nothing of it is left and nothing is under way.
async fn is_idle(reads: &mut Reads<'_>, holding: &Holding) -> Result<bool, BrokerError> {
    Ok(holding.desired.presence == Presence::Absent && reads.open_operation(&holding.id).await?.is_none())
}

async fn same_parameters(reads: &mut Reads<'_>, holding: &Holding, wanted: &Wanted) -> Result<(), BrokerError> {
    if holding.parameters == wanted.access.parameters {
        return Ok(());
    }
    let live = reads.live_grants_of(&holding.id).await?;
    let held =
        if holding.parameters.is_empty() { "without parameters".into() } else { format!("with {}", parameter::line(&holding.parameters)) };
    let reason = format!(
        "{} {} {} on {} {held}, and cannot have it otherwise at the same time",
        holding.account.as_deref().unwrap_or("the account"),
        if live.is_empty() { "is just losing" } else { "has" },
        holding.entitlement,
        holding.resource,
    );
    let remedy = match live.as_slice() {
        [] => "Try again when that has ended.".to_owned(),
        grants => {
            let ids: Vec<&str> = grants.iter().map(|grant| grant.id.as_str()).collect();
            format!("Ask for the same parameters, or let that end first: hallpass grant release {}.", ids.join(", "))
        }
    };
    Err(BrokerError::Held { reason, remedy })
}
