//! Upgrades and roll-backs: targets move to another version of their connector. One that asks for more than the version before
//! waits for another person's yes, in the same lifecycle as any request.

use hallpass_domain::connector::{ConnectorEvent, ConnectorState, PermissionDiff, Version};
use hallpass_domain::event::{Event, EventKind};
use hallpass_domain::ids::{Digest, PrincipalId, RequestId, TargetId};
use hallpass_domain::name::Name;
use hallpass_domain::request::{Asked, PermissionsAsk, Request, RequestEvent, RequestState};
use hallpass_domain::target::Target;
use hallpass_policy::Action;
use hallpass_store::{ConnectorRow, RequestFilter, Tx, run_tx};

use super::activate::order;
use super::load::granted_before;
use super::way::accepted_since;
use super::{may, still_may, take_up};
use crate::Broker;
use crate::context::OpContext;
use crate::error::BrokerError;
use crate::requests::{check_justification, submitted};
use crate::views::{Moved, NewUpgrade, Upgrade};

/// What the present versions of these targets were all granted, where one of them was accepted after this one: what was accepted first was
/// not accepted for targets that came to have less.
fn earlier_than_present(row: &ConnectorRow, versions: &[ConnectorRow], targets: &[Target]) -> Option<Vec<String>> {
    let present = |target: &Target| versions.iter().find(|v| v.facts.digest == target.connector && v.facts.digest != row.facts.digest);
    let present: Vec<&ConnectorRow> = targets.iter().filter_map(present).collect();
    row.granted.as_ref()?;
    let (first, others) = present.split_first()?;
    let all = |line: &&String| others.iter().all(|now| now.granted_lines().contains(line));
    let earlier = present.iter().any(|now| !accepted_since(row, now));
    earlier.then(|| first.granted_lines().iter().filter(all).cloned().collect())
}

impl Broker {
    /// Moves targets of the same connector to this version. Where it asks for no more than the version before, at once; else a
    /// request waits for another person, and what is approved goes on by itself.
    pub async fn upgrade_connector(&self, ctx: &OpContext, digest: &Digest, new: NewUpgrade) -> Result<Upgrade, BrokerError> {
        let mut reads = self.store.reads().await?;
        let row = reads.connector(digest).await?.ok_or_else(|| BrokerError::not_found("connector", digest))?;
        may(ctx, Action::ConnectorUpgrade, &row.facts)?;
        row.state.on(ConnectorEvent::Activate)?;
        check_justification(new.justification.as_deref())?;
        let versions = reads.connector_versions(&row.facts.name).await?;
        let targets = chosen(reads.targets().await?, &versions, digest, new.targets.as_deref())?;
        drop(reads);
        let present = earlier_than_present(&row, &versions, &targets);
        let asks_anew = row.granted.is_none() || present.is_some();
        let before = present.or_else(|| granted_before(&versions, digest));
        let diff = before.as_ref().map_or_else(PermissionDiff::default, |before| PermissionDiff::between(before, &row.facts.permissions));
        let ids: Vec<TargetId> = targets.iter().map(|target| target.id.clone()).collect();
        if row.granted.is_none() && before.is_none() {
            return Err(BrokerError::invalid(
                "connector",
                format!("nobody has accepted yet what {} {} asks for", row.facts.name, row.facts.version),
                "Read it with `hallpass connector show` and accept it with `hallpass connector accept`.",
            ));
        }
        if asks_anew && diff.widens() {
            let request = self.ask_for_permissions(ctx, &row, &diff, ids, new.justification).await?;
            return Ok(Upgrade { connector: row, diff, request: Some(request), targets: Vec::new() });
        }
        let actors = ctx.actors();
        let ordered: Result<(), BrokerError> = run_tx!(self.store, "connector.upgrade", |tx| -> Result<(), BrokerError> {
            still_may(ctx, tx, Action::ConnectorUpgrade, &row.facts).await?;
            let mut row = tx.reads().connector(digest).await?.ok_or_else(|| BrokerError::not_found("connector", digest))?;
            if row.granted.is_none() {
                self.permit(tx, &mut row, &actors).await?;
            }
            self.order_all(tx, digest, &ids, &actors).await
        });
        ordered?;
        self.activate_ordered().await?;
        let connector = self.connector(ctx, digest).await?;
        Ok(Upgrade { connector, diff, request: None, targets: self.moved(&targets, Some(digest)).await? })
    }

    /// Moves every target of a connector back to the version that it had before.
    pub async fn roll_back_connector(&self, ctx: &OpContext, name: &str) -> Result<Vec<Moved>, BrokerError> {
        let mut reads = self.store.reads().await?;
        let versions = reads.connector_versions(name).await?;
        let Some(newest) = versions.last() else { return Err(BrokerError::not_found("connector", name)) };
        may(ctx, Action::ConnectorUpgrade, &newest.facts)?;
        let of = |digest: &Digest| versions.iter().find(|row| row.facts.digest == *digest);
        let number = |row: &ConnectorRow| row.facts.version.parse::<Version>().ok();
        let mut back: Vec<(Target, Digest)> = Vec::new();
        for target in reads.targets().await? {
            let Some(now) = of(&target.connector) else { continue };
            let Some(before) = reads.activation(&target.id).await?.and_then(|a| of(&a.previous?)) else { continue };
            // Asked for again, as after a lost answer, it does not go forward to what was just left.
            if number(before) >= number(now) {
                continue;
            }
            if before.state == ConnectorState::Banned {
                return Err(BrokerError::invalid(
                    "name",
                    format!("the target {} had {} {} before, which is banned", target.name, name, before.facts.version),
                    format!("Move it to another version: hallpass connector upgrade {name} DIGEST --target {}.", target.name),
                ));
            }
            back.push((target, before.facts.digest));
        }
        drop(reads);
        if back.is_empty() {
            return Err(BrokerError::invalid(
                "name",
                format!("no target of {name} uses a version that came after another one"),
                "There is nothing to go back to; what was rolled back is moved forward by `hallpass connector upgrade`.",
            ));
        }
        let actors = ctx.actors();
        let ordered: Result<(), BrokerError> = run_tx!(self.store, "connector.roll-back", |tx| -> Result<(), BrokerError> {
            still_may(ctx, tx, Action::ConnectorUpgrade, &newest.facts).await?;
            for (target, previous) in &back {
                self.order_all(tx, previous, std::slice::from_ref(&target.id), &actors).await?;
            }
            Ok(())
        });
        ordered?;
        self.activate_ordered().await?;
        let targets: Vec<Target> = back.into_iter().map(|(target, _)| target).collect();
        self.moved(&targets, None).await
    }

    /// After the last yes, in its commit: the permissions are granted and the targets' move is ordered.
    pub(crate) async fn go_on_with_upgrade(&self, tx: &mut Tx, ask: &PermissionsAsk, actors: &[PrincipalId]) -> Result<(), BrokerError> {
        let id = &ask.connector;
        let mut row = tx.reads().connector(id).await?.ok_or_else(|| BrokerError::not_found("connector", id))?;
        row.state.on(ConnectorEvent::Activate)?;
        self.permit(tx, &mut row, actors).await?;
        self.order_all(tx, id, &ask.targets, actors).await
    }

    async fn order_all(&self, tx: &mut Tx, digest: &Digest, targets: &[TargetId], actors: &[PrincipalId]) -> Result<(), BrokerError> {
        if !targets.is_empty() {
            take_up(tx, digest).await?;
        }
        for target in targets {
            let known = tx.reads().activation(target).await?;
            tx.put_activation(&order(known, target, *digest, self.clock.now())).await?;
            tx.emit(Event::new(EventKind::ConnectorUpgradeOrdered, target).by(actors).connector(*digest)).await?;
        }
        Ok(())
    }

    /// What became of an order, target by target.
    async fn moved(&self, targets: &[Target], to: Option<&Digest>) -> Result<Vec<Moved>, BrokerError> {
        let mut reads = self.store.reads().await?;
        let mut moved = Vec::new();
        for before in targets {
            let now = reads.target(&before.id).await?.ok_or_else(|| BrokerError::not_found("target", &before.id))?;
            let activation = reads.activation(&before.id).await?;
            let held_back = activation.as_ref().and_then(|a| a.held_back.clone()).filter(|(digest, _)| to.is_none_or(|to| to == digest));
            moved.push(Moved {
                target: now.id,
                target_name: now.name,
                from: before.connector,
                to: now.connector,
                held_back: held_back.map(|(_, reason)| reason),
            });
        }
        Ok(moved)
    }

    async fn ask_for_permissions(
        &self,
        ctx: &OpContext,
        row: &ConnectorRow,
        diff: &PermissionDiff,
        targets: Vec<TargetId>,
        justification: Option<String>,
    ) -> Result<RequestId, BrokerError> {
        let digest = row.facts.digest;
        let named = hallpass_policy::ConnectorFacts { name: row.facts.name.clone() };
        let allowed = self
            .policy
            .decide_upgrade(ctx.facts(), &named)
            .map_err(|denied| BrokerError::PolicyDenied { reason: denied.reason, policies: denied.policies })?;
        let now = self.clock.now();
        let request = Request {
            id: RequestId::new(now, self.rng.as_ref())?,
            requester: ctx.principal().clone(),
            ask: Asked::Permissions(PermissionsAsk { connector: digest, diff: diff.clone(), targets, justification }),
            connector: row.facts.name.clone(),
            state: RequestState::Pending { stage: 0, since: now },
            stages: allowed.stages.clone(),
            approved_ms: 0,
            policies: allowed.policies.clone(),
            policy_revision: allowed.revision.clone(),
            created: now,
            expires: now.plus(self.settings.request_ttl_ms),
            version: 1,
        };
        let actors = ctx.actors();
        run_tx!(self.store, "request.submit", |tx| -> Result<RequestId, BrokerError> {
            let ctx = still_may(ctx, tx, Action::ConnectorUpgrade, &row.facts).await?;
            if self.policy.decide_upgrade(ctx.facts(), &named) != Ok(allowed.clone()) {
                // Who asks is not who they were when this call began: a group came or went.
                return Err(BrokerError::Stale);
            }
            // One asking is enough: whoever orders it again learns which one waits.
            let waiting = RequestFilter { connector: Some(digest), state: Some("pending".into()), ..RequestFilter::default() };
            if let Some(waits) = tx.reads().requests(&waiting, None, 1).await?.into_iter().next() {
                return Ok(waits.id);
            }
            tx.insert_request(&request).await?;
            tx.emit(submitted(&request, &actors)).await?;
            Ok(request.id.clone())
        })
    }

    /// Requests for the permissions of a version that was banned end with it.
    pub(crate) async fn lapse_requests_for(&self, tx: &mut Tx, digest: &Digest) -> Result<(), BrokerError> {
        let waiting = RequestFilter { connector: Some(*digest), state: Some("pending".into()), ..RequestFilter::default() };
        for mut request in tx.reads().requests(&waiting, None, 500).await? {
            request.state = request.state.on(RequestEvent::Lapse, self.clock.now())?;
            request.version = tx.update_request(&request).await?;
            tx.emit(Event::new(EventKind::RequestLapsed, &request.id).request(&request.id)).await?;
        }
        Ok(())
    }
}

/// The targets of other versions that are to move: those that are named, else all.
fn chosen(all: Vec<Target>, versions: &[ConnectorRow], digest: &Digest, named: Option<&[Name]>) -> Result<Vec<Target>, BrokerError> {
    let of_connector = |target: &Target| versions.iter().any(|row| row.facts.digest == target.connector);
    let Some(named) = named else {
        return Ok(all.into_iter().filter(|t| of_connector(t) && t.connector != *digest).collect());
    };
    let mut chosen = Vec::new();
    for name in named {
        let target = all.iter().find(|t| t.name == *name).ok_or_else(|| BrokerError::not_found("target", name))?;
        if !of_connector(target) {
            return Err(BrokerError::invalid(
                "targets",
                format!("{name} is a target of another connector"),
                "Name targets of this connector alone, or none to move all of them.",
            ));
        }
        if target.connector != *digest {
            chosen.push(target.clone());
        }
    }
    Ok(chosen)
}
