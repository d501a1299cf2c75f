//! Targets: configured instances of connectors, their secrets and the accounts of principals in them.

use std::collections::BTreeMap;
use std::sync::Arc;

use hallpass_domain::event::{Event, EventKind};
use hallpass_domain::ids::{Digest, OperationId, PrincipalId, TargetId};
use hallpass_domain::name::check_foreign;
use hallpass_domain::port::{ConnectorFacts, Endpoint, Invocation};
use hallpass_domain::principal::PrincipalState;
use hallpass_domain::secret::{Opener, SecretText};
use hallpass_domain::target::Target;
use hallpass_egress::NetworkGrant;
use hallpass_policy::{Action, ResourceFacts, TargetFacts};
use hallpass_store::{Reads, Tx, run_tx};

use crate::Broker;
use crate::connectors::way::check_redirected;
use crate::context::OpContext;
use crate::engine::NoChange;
use crate::error::BrokerError;
use crate::once::{Made, Once};
use crate::principals::duplicate;
use crate::views::{Account, NewTarget, Offer, TargetChange};

mod remove;

/// The most bytes of one setting or secret.
const MOST_SETTING_BYTES: usize = 64 * 1024;
/// The most network grants of one target.
const MOST_NETWORK_GRANTS: usize = 64;

impl Broker {
    /// Adds a target. Its settings and secrets must be those that the connector's manifest declares, and all of those that are needed.
    pub async fn add_target(&self, ctx: &OpContext, new: NewTarget) -> Result<Target, BrokerError> {
        self.make_target(ctx, new, None).await
    }

    /// The same for a call with a key: sent again, it adds nothing new.
    pub async fn add_target_once(&self, ctx: &OpContext, new: NewTarget, once: Once<'_, Target>) -> Result<Made<Target>, BrokerError> {
        self.once(ctx, &once, self.make_target(ctx, new, Some(&once))).await
    }

    async fn make_target(&self, ctx: &OpContext, new: NewTarget, once: Option<&Once<'_, Target>>) -> Result<Target, BrokerError> {
        ctx.authorize(Action::TargetCreate, ResourceFacts::Installation)?;
        let connector = self.find_connector(&new.connector).await?;
        self.usable(&connector).await?;
        let facts = self.known(&connector).await?;
        check_settings(&facts, &new.settings)?;
        check_secrets(&facts, &new.secrets)?;
        check_complete(&facts, &new.secrets)?;
        let network = check_network(&new.network)?;
        let owner = match &new.owner {
            Some(name) => self.live_user(name, "owner").await?.id,
            None => ctx.facts().human().id.clone(),
        };
        let now = self.clock.now();
        let target = Target {
            id: TargetId::new(now, self.rng.as_ref())?,
            name: new.name,
            environment: new.environment,
            connector,
            settings: new.settings,
            secrets: new.secrets.keys().cloned().collect(),
            network,
            owner,
            created: now,
            revision: 1,
            removed: None,
        };
        let actors = ctx.actors();
        run_tx!(self.store, "target.add", |tx| -> Result<(), BrokerError> {
            ctx.refresh(tx, &[]).await?.authorize(Action::TargetCreate, ResourceFacts::Installation)?;
            tx.insert_target(&target).await?;
            for (name, value) in &new.secrets {
                let envelope = self.seal_setting(&target.id, name, value)?;
                tx.put_target_secret(&target.id, name, &envelope).await?;
            }
            tx.emit(
                Event::new(EventKind::TargetAdded, &target.id)
                    .by(&actors)
                    .connector(connector)
                    .word("environment", &target.environment)
                    .text("network", target.network.join(" "))
                    .text("name", target.name.as_str()),
            )
            .await?;
            self.in_use(tx, &connector, &target.id, &actors).await?;
            if let Some(once) = once {
                self.keep_answer(tx, ctx, once, target.clone()).await?;
            }
            Ok(())
        })
        .map_err(|e: BrokerError| duplicate(e, "target", target.name.as_str()))?;
        Ok(target)
    }

    /// Changes settings, secrets, network or environment. Whoever changes where the target's secrets are sent must know them: they come
    /// along. So must who changes the environment, which is one in which the caller may configure targets, too; refused while a request
    /// waits for a verdict, because its stages are those of the old one. What is active goes on; what is not active yet, and each pass, is
    /// judged in the new environment.
    pub async fn update_target(&self, ctx: &OpContext, id: &TargetId, change: TargetChange) -> Result<Target, BrokerError> {
        let mut target = self.target_for(ctx, id, Action::TargetConfigure).await?;
        if change.connector.is_some_and(|connector| connector != target.connector) {
            return Err(BrokerError::invalid(
                "connector",
                "a target moves to another version by an upgrade, which proves that version there first",
                "Order it: hallpass connector upgrade NAME DIGEST --target TARGET.",
            ));
        }
        let facts = self.known(&target.connector).await?;
        let left = change.environment.as_ref().is_some_and(|to| *to != target.environment).then(|| target.environment.clone());
        if let Some(environment) = change.environment {
            if left.is_some() {
                check_moved(&target, &change.secrets)?;
            }
            target.environment = environment;
            ctx.authorize(Action::TargetConfigure, ResourceFacts::Target(&target_facts(&target, &facts)))?;
        }
        if let Some(settings) = change.settings {
            let versions = self.store.reads().await?.connector_versions(&facts.name).await?;
            check_redirected(&versions, &target, &settings, &change.secrets)?;
            target.settings = settings;
        }
        check_settings(&facts, &target.settings)?;
        check_secrets(&facts, &change.secrets)?;
        if let Some(network) = &change.network {
            target.network = check_network(network)?;
        }
        for name in change.secrets.keys() {
            if !target.secrets.contains(name) {
                target.secrets.push(name.clone());
            }
        }
        let actors = ctx.actors();
        let updated: Result<i64, BrokerError> = run_tx!(self.store, "target.update", |tx| -> Result<i64, BrokerError> {
            let now = self.still_configures(ctx, tx, id).await?;
            now.authorize(Action::TargetConfigure, ResourceFacts::Target(&target_facts(&target, &facts)))?;
            let revision = tx.update_target(&target).await?;
            if left.is_some() {
                // After the row: whoever begins something in it holds the row, and came before or finds the new environment.
                let busy = remove::undecided(tx, id).await?;
                if !busy.is_empty() {
                    return Err(BrokerError::InUse {
                        reason: format!("the target {} cannot change its environment now: {}", target.name, busy.join("; ")),
                        remedy: "Have those requests decided or withdrawn, and wait for a trial to end; then change it again.".into(),
                    });
                }
            }
            for (name, value) in &change.secrets {
                let envelope = self.seal_setting(id, name, value)?;
                tx.put_target_secret(id, name, &envelope).await?;
            }
            let event = Event::new(EventKind::TargetChanged, id)
                .by(&actors)
                .connector(target.connector)
                .number("revision", revision)
                .text("network", target.network.join(" "));
            tx.emit(match &left {
                Some(left) => event.word("environment", &target.environment).word("environment_before", left),
                None => event,
            })
            .await?;
            Ok(revision)
        });
        target.revision = updated?;
        Ok(target)
    }

    /// Targets that the caller may see.
    pub async fn targets(&self, ctx: &OpContext) -> Result<Vec<Target>, BrokerError> {
        let mut seen = Vec::new();
        for target in self.store.reads().await?.targets().await? {
            let facts = self.known(&target.connector).await?;
            if ctx.authorize(Action::TargetRead, ResourceFacts::Target(&target_facts(&target, &facts))).is_ok() {
                seen.push(target);
            }
        }
        Ok(seen)
    }

    /// One target.
    pub async fn target(&self, ctx: &OpContext, id: &TargetId) -> Result<Target, BrokerError> {
        self.target_for(ctx, id, Action::TargetRead).await
    }

    /// Asks the connector whether the target can be used.
    pub async fn check_target(&self, ctx: &OpContext, id: &TargetId) -> Result<(), BrokerError> {
        let target = self.target_for(ctx, id, Action::TargetConfigure).await?;
        self.check_health(&target).await
    }

    pub(crate) async fn check_health(&self, target: &Target) -> Result<(), BrokerError> {
        let endpoint = self.endpoint(&mut self.store.reads().await?, target).await?;
        self.check_health_with(target.connector, endpoint).await
    }

    /// Whether a version finds the target usable: the one that it has, or one that it is to have.
    pub(crate) async fn check_health_with(&self, connector: Digest, endpoint: Arc<Endpoint>) -> Result<(), BrokerError> {
        let call = self.harmless_with(connector, endpoint).await?;
        self.connectors.health(&call).await.map_err(BrokerError::Target)
    }

    /// A call of a target's present connector that changes nothing.
    pub(crate) async fn harmless(&self, target: &Target) -> Result<Invocation, BrokerError> {
        let endpoint = self.endpoint(&mut self.store.reads().await?, target).await?;
        self.harmless_with(target.connector, endpoint).await
    }

    /// The same of any version of its connector.
    pub(crate) async fn harmless_with(&self, connector: Digest, endpoint: Arc<Endpoint>) -> Result<Invocation, BrokerError> {
        let granted = self.callable(&connector, Some(&endpoint.id)).await?.map_err(BrokerError::Target)?;
        let now = self.clock.now();
        Ok(Invocation {
            operation: OperationId::new(now, self.rng.as_ref())?,
            attempt: 0,
            connector,
            granted,
            endpoint,
            deadline: now.plus(self.settings.call_ms),
            dry_run: true,
            fence: Arc::new(NoChange),
        })
    }

    /// Names a principal's account in a target. One to one, both ways.
    pub async fn set_account(
        &self,
        ctx: &OpContext,
        target: &TargetId,
        principal: &PrincipalId,
        account: &str,
    ) -> Result<Account, BrokerError> {
        self.target_for(ctx, target, Action::TargetConfigure).await?;
        check_foreign("the account", account).map_err(BrokerError::unfit("account"))?;
        let actors = ctx.actors();
        run_tx!(self.store, "account.set", |tx| -> Result<(), BrokerError> {
            self.still_configures(ctx, tx, target).await?;
            let known = tx.reads().principal(principal).await?;
            known.filter(|p| p.state != PrincipalState::Offboarded).ok_or_else(|| BrokerError::not_found("principal", principal))?;
            let old = tx.reads().account(principal, target).await?;
            if old.is_some_and(|old| old != account) {
                let held = hallpass_store::GrantFilter {
                    principal: Some(principal.clone()),
                    target: Some(target.clone()),
                    live: true,
                    ..hallpass_store::GrantFilter::default()
                };
                if !tx.reads().grants(&held, None, 1).await?.is_empty() {
                    return Err(BrokerError::invalid(
                        "account",
                        "the principal holds access there through its present account",
                        "End those grants first.",
                    ));
                }
            }
            tx.set_account(principal, target, account).await?;
            tx.emit(Event::new(EventKind::AccountSet, target).by(&actors).word("principal", principal).text("account", account)).await?;
            Ok(())
        })
        .map_err(|e: BrokerError| duplicate(e, "account", account))?;
        Ok(Account { principal: principal.clone(), target: target.clone(), account: account.to_owned() })
    }

    /// The accounts of principals in a target.
    pub async fn accounts(&self, ctx: &OpContext, target: &TargetId) -> Result<Vec<Account>, BrokerError> {
        self.target_for(ctx, target, Action::TargetRead).await?;
        let rows = self.store.reads().await?.accounts(target).await?;
        Ok(rows.into_iter().map(|(principal, account)| Account { principal, target: target.clone(), account }).collect())
    }

    /// What can be asked for, everywhere.
    pub async fn entitlements(&self, ctx: &OpContext) -> Result<Vec<Offer>, BrokerError> {
        let targets = self.store.reads().await?.targets().await?;
        let mut offers = Vec::new();
        for target in targets {
            let facts = self.known(&target.connector).await?;
            if ctx.authorize(Action::EntitlementRead, ResourceFacts::Target(&target_facts(&target, &facts))).is_err() {
                continue;
            }
            offers.extend(facts.entitlements.iter().map(|entitlement| Offer {
                target: target.id.clone(),
                target_name: target.name.clone(),
                environment: target.environment.clone(),
                entitlement: entitlement.clone(),
            }));
        }
        Ok(offers)
    }

    /// How to reach a target, with its secrets in the clear: only for the connector host.
    pub(crate) async fn endpoint(&self, reads: &mut Reads<'_>, target: &Target) -> Result<Arc<Endpoint>, BrokerError> {
        self.open_endpoint(target, reads.target_secrets(&target.id).await?)
    }

    /// The same with the envelopes of its secrets in hand.
    pub(crate) fn open_endpoint(&self, target: &Target, envelopes: Vec<(String, Vec<u8>)>) -> Result<Arc<Endpoint>, BrokerError> {
        let mut secrets = BTreeMap::new();
        for (name, envelope) in envelopes {
            let clear = self.keyring.open(&secret_context(&target.id, &name), &envelope)?;
            let text =
                String::from_utf8(clear.expose().to_vec()).map_err(|_| BrokerError::Internal("a stored secret is no text".into()))?;
            secrets.insert(name, SecretText::new(text));
        }
        Ok(Arc::new(Endpoint {
            id: target.id.clone(),
            name: target.name.clone(),
            revision: target.revision,
            settings: target.settings.clone(),
            secrets,
            network: target.network.clone(),
        }))
    }

    fn seal_setting(&self, target: &TargetId, name: &str, value: &SecretText) -> Result<Vec<u8>, BrokerError> {
        Ok(self.keyring.seal(&secret_context(target, name), value.expose().as_bytes(), self.rng.as_ref())?)
    }

    /// Whether new targets may use this version.
    pub(crate) async fn usable(&self, connector: &Digest) -> Result<(), BrokerError> {
        let row = self.store.reads().await?.connector(connector).await?.ok_or_else(|| BrokerError::not_found("connector", connector))?;
        if !row.state.is_callable() {
            let remedy = "Name another version, or load this one again.";
            return Err(BrokerError::invalid("connector", format!("{} {} is {}", row.facts.name, row.facts.version, row.state), remedy));
        }
        if row.granted.is_none() {
            return Err(BrokerError::invalid(
                "connector",
                format!("nobody has accepted yet what {} {} asks for", row.facts.name, row.facts.version),
                "Read it with `hallpass connector show` and accept it with `hallpass connector accept`.",
            ));
        }
        Ok(())
    }

    async fn find_connector(&self, text: &str) -> Result<Digest, BrokerError> {
        let mut reads = self.store.reads().await?;
        let found = match text.parse::<Digest>() {
            Ok(digest) => reads.connector(&digest).await?,
            // Where none is usable, the last one says why.
            Err(_) => match reads.connector_by_name(text).await? {
                None => reads.connector_versions(text).await?.pop(),
                found => found,
            },
        };
        found.map(|row| row.facts.digest).ok_or_else(|| BrokerError::not_found("connector", text))
    }

    /// Refuses a caller who may not configure the target any more; the caller as it is now.
    pub(crate) async fn still_configures(&self, ctx: &OpContext, tx: &mut Tx, id: &TargetId) -> Result<OpContext, BrokerError> {
        let ctx = ctx.refresh(tx, &[]).await?;
        let target = tx.reads().target(id).await?.ok_or_else(|| BrokerError::not_found("target", id))?;
        let facts = self.known(&target.connector).await?;
        ctx.authorize(Action::TargetConfigure, ResourceFacts::Target(&target_facts(&target, &facts)))?;
        check_there(&target)?;
        Ok(ctx)
    }

    /// The target, if the caller may do this with it. One that was removed can only be read.
    pub(crate) async fn target_for(&self, ctx: &OpContext, id: &TargetId, action: Action) -> Result<Target, BrokerError> {
        let target = self.store.reads().await?.target(id).await?.ok_or_else(|| BrokerError::not_found("target", id))?;
        let facts = self.known(&target.connector).await?;
        ctx.authorize(action, ResourceFacts::Target(&target_facts(&target, &facts)))?;
        if action != Action::TargetRead {
            check_there(&target)?;
        }
        Ok(target)
    }
}

/// Refuses a target that was removed.
pub(crate) fn check_there(target: &Target) -> Result<(), BrokerError> {
    match target.removed {
        None => Ok(()),
        Some(at) => Err(BrokerError::Gone {
            reason: format!("the target {} was removed at {at}", target.name),
            remedy: "Use another target; `hallpass target list` shows those that are there.".into(),
        }),
    }
}

pub(crate) fn target_facts(target: &Target, facts: &ConnectorFacts) -> TargetFacts {
    TargetFacts { name: target.name.clone(), environment: target.environment.clone(), connector: facts.name.clone() }
}

/// A target's secret opens only for this target and this name.
fn secret_context(target: &TargetId, name: &str) -> String {
    format!("{target}/{name}")
}

pub(crate) fn check_settings(facts: &ConnectorFacts, settings: &BTreeMap<String, String>) -> Result<(), BrokerError> {
    let declared: Vec<&str> = facts.settings.iter().map(|s| s.name.as_str()).collect();
    for (name, value) in settings {
        if !declared.contains(&name.as_str()) {
            return Err(BrokerError::invalid(
                "settings",
                format!("the connector has no setting {name:?}"),
                format!("It has: {}.", declared.join(", ")),
            ));
        }
        if value.len() > MOST_SETTING_BYTES || value.contains('\0') {
            return Err(BrokerError::invalid("settings", format!("{name} is too long or contains NUL"), "Shorten or correct it."));
        }
    }
    let missing = facts.settings.iter().find(|s| s.required && s.default.is_none() && !settings.contains_key(&s.name));
    match missing {
        Some(setting) => {
            Err(BrokerError::invalid("settings", format!("{} is missing", setting.name), format!("Set it: {}.", setting.title)))
        }
        None => Ok(()),
    }
}

/// The grants in their one spelling, each once.
fn check_network(network: &[String]) -> Result<Vec<String>, BrokerError> {
    if network.len() > MOST_NETWORK_GRANTS {
        let message = format!("a target has at most {MOST_NETWORK_GRANTS} network grants");
        return Err(BrokerError::invalid("network", message, "Keep those that it needs."));
    }
    let mut out = Vec::with_capacity(network.len());
    for text in network {
        let grant: NetworkGrant = text
            .parse()
            .map_err(|e: String| BrokerError::invalid("network", e, "Write it like https://10.1.2.3 or http://127.0.0.1:8080."))?;
        let spelled = grant.to_string();
        if !out.contains(&spelled) {
            out.push(spelled);
        }
    }
    Ok(out)
}

/// Whether a version declares every secret that a target has.
pub(crate) fn check_secrets_of(facts: &ConnectorFacts, names: &[String]) -> Result<(), BrokerError> {
    match names.iter().find(|name| !facts.secrets.contains(name)) {
        Some(name) => {
            Err(BrokerError::invalid("secrets", format!("it has no secret {name:?}"), format!("It has: {}.", facts.secrets.join(", "))))
        }
        None => Ok(()),
    }
}

/// Refuses another environment to whoever does not know the target's secrets. They could not add such a target there, in which policies
/// may give access away and trials are made.
fn check_moved(target: &Target, secrets: &BTreeMap<String, SecretText>) -> Result<(), BrokerError> {
    let kept: Vec<&str> = target.secrets.iter().filter(|name| !secrets.contains_key(*name)).map(String::as_str).collect();
    if kept.is_empty() {
        return Ok(());
    }
    Err(BrokerError::invalid(
        "environment",
        "it decides who gains access with the secrets of this target, and is changed without them",
        format!("Send the secrets along: {}.", kept.join(", ")),
    ))
}

/// Refuses a new target without a secret that its connector needs.
fn check_complete(facts: &ConnectorFacts, secrets: &BTreeMap<String, SecretText>) -> Result<(), BrokerError> {
    let needed = facts.secrets.iter().filter(|name| !facts.optional_secrets.contains(name));
    let missing: Vec<&str> = needed.filter(|name| !secrets.contains_key(*name)).map(String::as_str).collect();
    let Some(first) = missing.first() else { return Ok(()) };
    let is = if missing.len() == 1 { "is" } else { "are" };
    Err(BrokerError::invalid(
        "secrets",
        format!("{} {is} missing", missing.join(", ")),
        format!("Send every secret that the connector needs along: `hallpass target add` reads each from a file, --secret {first}=FILE."),
    ))
}

fn check_secrets(facts: &ConnectorFacts, secrets: &BTreeMap<String, SecretText>) -> Result<(), BrokerError> {
    for (name, value) in secrets {
        if !facts.secrets.contains(name) {
            return Err(BrokerError::invalid(
                "secrets",
                format!("the connector has no secret {name:?}"),
                format!("It has: {}.", facts.secrets.join(", ")),
            ));
        }
        if value.expose().len() > MOST_SETTING_BYTES || value.expose().contains('\0') {
            return Err(BrokerError::invalid("secrets", format!("{name} is too long or contains NUL"), "Shorten or correct it."));
        }
    }
    Ok(())
}
