//! What keeps something from going on, for whoever waits for it. Read, never decided: the engine asks again by itself.

use hallpass_domain::connector::ConnectorState;
use hallpass_domain::grant::GrantState;
use hallpass_domain::ids::{Digest, TargetId};
use hallpass_domain::port::ConnectorFacts;
use hallpass_domain::request::{Asked, PermissionsAsk, Request, RequestState};
use hallpass_domain::target::Target;
use hallpass_store::{ConnectorRow, GrantFilter, Reads, RequestFilter};

use crate::Broker;
use crate::connectors::banned;
use crate::error::BrokerError;

/// A kind of thing that holds something back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// The version of the connector is banned.
    ConnectorBanned,
    /// Nobody has accepted yet what the version asks for.
    ConnectorNotAccepted,
    /// The version is unloaded, or this node could not load it.
    ConnectorNotLoaded,
    /// The target's calls to the version have stopped.
    Quarantined,
    /// The target does not answer this node.
    TargetDown,
    /// The last attempt failed, and is repeated.
    Failing,
    /// The target is to move to another version.
    UpgradePending,
    /// The target could not move to another version.
    UpgradeHeldBack,
    /// The principal has no account in the target.
    NoAccount,
}

impl Obstacle {
    /// Every kind, in the order of declaration.
    pub const ALL: &[Self] = &[
        Self::ConnectorBanned,
        Self::ConnectorNotAccepted,
        Self::ConnectorNotLoaded,
        Self::Quarantined,
        Self::TargetDown,
        Self::Failing,
        Self::UpgradePending,
        Self::UpgradeHeldBack,
        Self::NoAccount,
    ];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConnectorBanned => "connector-banned",
            Self::ConnectorNotAccepted => "connector-not-accepted",
            Self::ConnectorNotLoaded => "connector-not-loaded",
            Self::Quarantined => "quarantined",
            Self::TargetDown => "target-down",
            Self::Failing => "failing",
            Self::UpgradePending => "upgrade-pending",
            Self::UpgradeHeldBack => "upgrade-held-back",
            Self::NoAccount => "no-account",
        }
    }
}

/// Something that holds something back, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldBack {
    /// Of which kind it is.
    pub why: Obstacle,
    /// The reason in words. Parts of it may be a connector's or a target's: hostile text, free of secrets.
    pub detail: String,
}

impl HeldBack {
    pub(crate) fn new(why: Obstacle, detail: impl Into<String>) -> Self {
        Self { why, detail: detail.into() }
    }
}

impl Broker {
    /// What holds a target back: calls to it, and its move to another version.
    pub async fn held_back(&self, target: &Target) -> Result<Vec<HeldBack>, BrokerError> {
        let mut reads = self.store.reads().await?;
        let mut found = self.calls_held_back(&mut reads, &target.id, &target.connector).await?;
        let Some(now) = reads.connector(&target.connector).await? else { return Ok(found) };
        let versions = reads.connector_versions(&now.facts.name).await?;
        let named = |digest: &Digest| {
            let row = versions.iter().find(|row| row.facts.digest == *digest);
            row.map_or_else(|| digest.to_string(), |row| called(&row.facts))
        };
        if let Some(activation) = reads.activation(&target.id).await? {
            if let Some(next) = activation.next {
                found.push(HeldBack::new(Obstacle::UpgradePending, format!("it is about to move to {}", named(&next))));
            }
            if let Some((digest, reason)) = activation.held_back {
                found.push(HeldBack::new(Obstacle::UpgradeHeldBack, format!("it could not move to {}: {reason}", named(&digest))));
            }
        }
        for version in versions.iter().filter(|row| row.facts.digest != target.connector) {
            let waiting =
                RequestFilter { connector: Some(version.facts.digest), state: Some("pending".into()), ..RequestFilter::default() };
            for request in reads.requests(&waiting, None, 10).await? {
                if matches!(&request.ask, Asked::Permissions(ask) if ask.targets.contains(&target.id)) {
                    let detail = format!("the request {} for its move to {} waits for a verdict", request.id, called(&version.facts));
                    found.push(HeldBack::new(Obstacle::UpgradePending, detail));
                }
            }
        }
        Ok(found)
    }

    /// What holds a request back, or what came of it.
    pub(crate) async fn request_held_back(&self, reads: &mut Reads<'_>, request: &Request) -> Result<Vec<HeldBack>, BrokerError> {
        let ask = match &request.ask {
            Asked::Access(ask) => ask,
            Asked::Permissions(ask) => return self.upgrade_held_back(reads, request, ask).await,
        };
        let target = reads.target(&ask.target).await?.ok_or_else(|| BrokerError::not_found("target", &ask.target))?;
        match request.state {
            RequestState::Pending { .. } => self.calls_held_back(reads, &target.id, &target.connector).await,
            RequestState::Approved { .. } => {
                let of = GrantFilter { request: Some(request.id.clone()), ..GrantFilter::default() };
                let grant = reads.grants(&of, None, 1).await?.into_iter().next();
                let Some(grant) = grant.filter(|g| matches!(g.state, GrantState::Activating | GrantState::Ending)) else {
                    return Ok(Vec::new());
                };
                let holding = reads.holding(&grant.holding).await?.ok_or_else(|| BrokerError::not_found("holding", &grant.holding))?;
                let mut found = self.calls_held_back(reads, &target.id, &holding.connector).await?;
                if let Some(failure) = reads.open_operation(&grant.holding).await?.and_then(|op| op.last_failure)
                    && found.is_empty()
                {
                    found.push(HeldBack::new(Obstacle::Failing, format!("the last attempt failed, and is repeated: {failure}")));
                }
                Ok(found)
            }
            _ => Ok(Vec::new()),
        }
    }

    /// What holds a target's calls to a version back.
    pub(crate) async fn calls_held_back(
        &self,
        reads: &mut Reads<'_>,
        target: &TargetId,
        connector: &Digest,
    ) -> Result<Vec<HeldBack>, BrokerError> {
        let row = reads.connector(connector).await?.ok_or_else(|| BrokerError::not_found("connector", connector))?;
        let mut found = Vec::new();
        found.extend(self.version_held_back(&row));
        if let Some(stopped) = reads.quarantines(target).await?.into_iter().find(|q| q.connector == *connector) {
            let detail = format!(
                "calls to {} have stopped after {}. An operator lifts it with `hallpass target lift`, or upgrades the connector",
                called(&row.facts),
                stopped.reason
            );
            found.push(HeldBack::new(Obstacle::Quarantined, detail));
        }
        if let Some(why) = self.breakers.why(target) {
            found.push(HeldBack::new(
                Obstacle::TargetDown,
                format!("the target does not answer, and is asked again every two seconds: {why}"),
            ));
        }
        Ok(found)
    }

    fn version_held_back(&self, row: &ConnectorRow) -> Option<HeldBack> {
        let name = called(&row.facts);
        if row.state == ConnectorState::Banned {
            return Some(HeldBack::new(Obstacle::ConnectorBanned, banned(row)));
        }
        if row.granted.is_none() {
            let detail = format!("nobody has accepted yet what {name} asks for: `hallpass connector accept`");
            return Some(HeldBack::new(Obstacle::ConnectorNotAccepted, detail));
        }
        if !row.state.is_callable() {
            let detail = format!("{name} is {}: load it again, or upgrade the connector", row.state);
            return Some(HeldBack::new(Obstacle::ConnectorNotLoaded, detail));
        }
        let missing = self.connectors.facts(&row.facts.digest).is_none();
        missing
            .then(|| HeldBack::new(Obstacle::ConnectorNotLoaded, format!("{name} is not loaded on this node; the broker's log says why")))
    }

    /// What became of an upgrade that was approved, where a target did not move.
    async fn upgrade_held_back(
        &self,
        reads: &mut Reads<'_>,
        request: &Request,
        ask: &PermissionsAsk,
    ) -> Result<Vec<HeldBack>, BrokerError> {
        let mut found = Vec::new();
        if !matches!(request.state, RequestState::Approved { .. }) {
            return Ok(found);
        }
        for id in &ask.targets {
            let (Some(target), Some(activation)) = (reads.target(id).await?, reads.activation(id).await?) else { continue };
            if activation.next == Some(ask.connector) {
                found.push(HeldBack::new(Obstacle::UpgradePending, format!("{} is about to move", target.name)));
            }
            if let Some((_, reason)) = activation.held_back.filter(|(digest, _)| *digest == ask.connector) {
                found.push(HeldBack::new(Obstacle::UpgradeHeldBack, format!("{} could not move: {reason}", target.name)));
            }
        }
        Ok(found)
    }
}

fn called(facts: &ConnectorFacts) -> String {
    format!("{} {}", facts.name, facts.version)
}
