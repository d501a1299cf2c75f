//! A target and its connector in memory, for faults that a real one does not produce on demand.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use hallpass_domain::clock::Timestamp;
use hallpass_domain::grant::SeenBy;
use hallpass_domain::holding::{Mode, Presence};
use hallpass_domain::ids::{Digest, TargetId};
use hallpass_domain::parameter::{ParameterFacts, Parameters, line};
use hallpass_domain::port::{
    Applied, Connector, ConnectorFacts, Delivery, Done, EntitlementFacts, Failure, FailureKind, Invocation, NotAdmitted, Sessions,
    SettingFacts, Sight, Trial, TrialWish, Tried, Wish,
};
use hallpass_domain::secret::SecretText;

/// What goes wrong with the next change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It has its effect, and the reply is lost.
    LoseReply,
    /// It has no effect, and nobody knows.
    LoseRequest,
    /// It is still going on in the target, without an effect that anybody sees; the continuation says how often that was said.
    Wait,
    /// The connector says done, and did nothing.
    Lie,
    /// The connector refuses.
    Refuse,
    /// The target is not there.
    Down,
    /// The connector breaks: a trap.
    Break,
    /// The connector claims that the target is not there.
    Claim,
}

/// What the target holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Present or suspended.
    pub presence: Presence,
    /// The end that the target enforces.
    pub until: Timestamp,
    /// Whose mark is on it.
    pub attempt: i64,
    /// Its password, where it has one.
    pub password: Option<String>,
    /// With which parameters it was given.
    pub parameters: Parameters,
}

/// The target and its connector.
#[derive(Default)]
pub struct Scripted {
    held: Mutex<BTreeMap<String, Held>>,
    faults: Mutex<VecDeque<Fault>>,
    down: AtomicBool,
    silent: Mutex<Option<TargetId>>,
    changes: AtomicU32,
    looks: AtomicU32,
    blind: AtomicBool,
    versions: Mutex<BTreeMap<Digest, Arc<Version>>>,
    calls: Mutex<Vec<(String, &'static str)>>,
    given: Mutex<Vec<(&'static str, String)>>,
    interrupted: Mutex<Vec<Digest>>,
    stopping: AtomicBool,
    continuations: Mutex<Vec<Option<String>>>,
}

/// One version of the connector, as its file describes it: `scripted 1.2.0 asks=read,write reads-only unhealthy blind lawless by=publisher takes=level:read|write,team at=there elsewhere sends=colour wishes=role.member`. What
/// is left out is version 1.0.0 that asks for nothing, is healthy, sees what there is and keeps the laws of conformance.
struct Version {
    facts: Arc<ConnectorFacts>,
    healthy: bool,
    sees: bool,
    lawful: bool,
    samples: Vec<TrialWish>,
}

impl Version {
    fn read(file: &[u8]) -> Result<Self, NotAdmitted> {
        let text = std::str::from_utf8(file).unwrap_or_default();
        let mut words = text.split_whitespace();
        if words.next() != Some("scripted") {
            return Err(NotAdmitted { reason: "it is not a scripted connector".into(), remedy: "Begin it with `scripted`".into() });
        }
        let mut facts = facts(Digest::of(file));
        let (mut healthy, mut sees, mut lawful, mut samples) = (true, true, true, Vec::new());
        for word in words {
            match word.split_once('=') {
                Some(("asks", lines)) => facts.permissions = lines.split(',').map(str::to_owned).collect(),
                Some(("wishes", entitlement)) => samples.push(TrialWish {
                    name: entitlement.into(),
                    entitlement: entitlement.into(),
                    resource: "role:admins".parse().unwrap(),
                    account: None,
                    parameters: BTreeMap::new(),
                }),
                Some(("by", publisher)) => facts.publisher = publisher.into(),
                Some(("takes", parameters)) => {
                    let parameters: Vec<ParameterFacts> = parameters.split(',').map(parameter).collect();
                    facts.entitlements.iter_mut().for_each(|e| e.parameters.clone_from(&parameters));
                }
                Some(("needs", setting)) => facts.settings.push(SettingFacts {
                    name: setting.into(),
                    title: setting.into(),
                    required: true,
                    default: None,
                    connects: false,
                }),
                // Where it connects to where a target does not say it, and a version to which that setting says nothing.
                Some(("at", default)) => facts.settings[0].default = Some(default.into()),
                Some(("sends", setting)) => {
                    facts.settings.iter_mut().filter(|s| s.name == setting).for_each(|s| s.connects = true);
                }
                _ if word == "elsewhere" => facts.settings[0].connects = false,
                _ if word == "reads-only" => facts.entitlements.truncate(1),
                _ if word == "unhealthy" => healthy = false,
                _ if word == "blind" => sees = false,
                _ if word == "lawless" => lawful = false,
                _ => facts.version = word.into(),
            }
        }
        Ok(Self { facts: Arc::new(facts), healthy, sees, lawful, samples })
    }
}

impl Scripted {
    /// What the next changes run into, one each.
    pub fn script(&self, faults: &[Fault]) {
        self.faults.lock().unwrap().extend(faults);
    }

    /// Takes the target away or brings it back.
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    /// Makes every look fail, or work again, while changes go on.
    pub fn set_blind(&self, blind: bool) {
        self.blind.store(blind, Ordering::SeqCst);
    }

    /// Makes one target silent: a change does not reach it, and a probe gets no answer, ever.
    pub fn set_silent(&self, target: &TargetId) {
        *self.silent.lock().unwrap() = Some(target.clone());
    }

    /// Lets the silent one answer again, for a trial that waits for it.
    pub fn end_silence(&self) {
        *self.silent.lock().unwrap() = None;
    }

    fn is_silent(&self, call: &Invocation) -> bool {
        self.silent.lock().unwrap().as_ref() == Some(&call.endpoint.id)
    }

    /// What the target holds, by stamp, or by account, entitlement and resource.
    pub fn held(&self) -> BTreeMap<String, Held> {
        self.held.lock().unwrap().clone()
    }

    /// Changes that had an effect.
    pub fn changes(&self) -> u32 {
        self.changes.load(Ordering::SeqCst)
    }

    /// Looks so far.
    pub fn looks(&self) -> u32 {
        self.looks.load(Ordering::SeqCst)
    }

    /// Puts something into the target from outside.
    pub fn put(&self, key: &str, held: Held) {
        self.held.lock().unwrap().insert(key.to_owned(), held);
    }

    /// Takes something out of the target from outside.
    pub fn take(&self, key: &str) {
        self.held.lock().unwrap().remove(key);
    }

    /// Which version was called for what, in order: apply, revoke, look.
    pub fn calls(&self) -> Vec<(String, &'static str)> {
        self.calls.lock().unwrap().clone()
    }

    /// The parameters that each call came with, in order: apply, revoke, look, fence.
    pub fn given(&self) -> Vec<(&'static str, String)> {
        self.given.lock().unwrap().clone()
    }

    fn take_parameters(&self, what: &'static str, want: &Wish) {
        self.given.lock().unwrap().push((what, line(&want.parameters)));
    }

    /// The versions in memory, by their numbers.
    pub fn in_memory(&self) -> Vec<String> {
        let mut versions: Vec<String> = self.versions.lock().unwrap().values().map(|v| v.facts.version.clone()).collect();
        versions.sort();
        versions
    }

    /// Whether the broker said that it is stopping.
    pub fn hears_of_the_stop(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// What each change was told to go on with.
    pub fn continuations(&self) -> Vec<Option<String>> {
        self.continuations.lock().unwrap().clone()
    }

    /// Notes what a change was told to go on with, and says how to go on after it.
    fn goes_on(&self, continuation: Option<&str>) -> Done {
        let mut all = self.continuations.lock().unwrap();
        all.push(continuation.map(str::to_owned));
        Done::Pending(all.len().to_string())
    }

    /// The versions whose calls were cut off.
    pub fn interrupted(&self) -> Vec<Digest> {
        self.interrupted.lock().unwrap().clone()
    }

    /// The version that a call is for, which may use what it asks for.
    fn called(&self, call: &Invocation, what: &'static str) -> Result<Arc<Version>, Failure> {
        let version = self.versions.lock().unwrap().get(&call.connector).cloned();
        let version = version.ok_or_else(|| Failure::none(FailureKind::Unavailable, "connector-not-loaded", "it is not loaded"))?;
        if let Some(line) = version.facts.permissions.iter().find(|line| !call.granted.allows(line)) {
            return Err(Failure::none(FailureKind::Forbidden, "not-granted", format!("{line} was not granted")));
        }
        self.calls.lock().unwrap().push((version.facts.version.clone(), what));
        Ok(version)
    }

    /// The key of an access.
    pub fn key(want: &Wish) -> String {
        match &want.account {
            Some(account) => format!("{account} {} {}", want.entitlement, want.resource),
            None => want.stamp.to_string(),
        }
    }

    fn answers(&self) -> Result<(), Failure> {
        if self.down.load(Ordering::SeqCst) { Err(gone()) } else { Ok(()) }
    }

    /// The fault of this change; `Err` where it never gets there.
    fn fault(&self, call: &Invocation) -> Result<Option<Fault>, Failure> {
        self.answers()?;
        if self.is_silent(call) {
            return Err(gone());
        }
        let fault = self.faults.lock().unwrap().pop_front();
        match fault {
            Some(Fault::Down) => Err(gone()),
            Some(Fault::Claim) => Err(Failure::none(FailureKind::Unavailable, "says-down", "the connector says that the target is down")),
            Some(Fault::Refuse) => Err(Failure::none(FailureKind::Forbidden, "not-mine", "the broker's account may not do this")),
            Some(Fault::Break) => Err(Failure::none(FailureKind::Internal, "trap", "the connector broke")),
            Some(Fault::LoseRequest) => Err(Failure::unknown(FailureKind::Timeout, "no-answer", "no answer came")),
            other => Ok(other),
        }
    }

    fn finish<T>(fault: Option<Fault>, value: T) -> Result<T, Failure> {
        if fault == Some(Fault::LoseReply) { Err(Failure::unknown(FailureKind::Timeout, "no-answer", "no answer came")) } else { Ok(value) }
    }
}

/// What the host sees of a target that is not there.
fn gone() -> Failure {
    Failure::none(FailureKind::Unavailable, "down", "the target is down").as_outage()
}

/// A file that is another connector, one without memberships.
pub const READS_ONLY: &[u8] = b"scripted 2.0.0 reads-only";

/// `level:read|write`, or `team` for any text.
fn parameter(text: &str) -> ParameterFacts {
    let (name, values) = text.split_once(':').map_or((text, None), |(name, values)| (name, Some(values)));
    ParameterFacts { name: name.into(), title: name.into(), values: values.map(|v| v.split('|').map(str::to_owned).collect()) }
}

/// What the scripted connector says of itself.
fn facts(digest: Digest) -> ConnectorFacts {
    let entitlement = |name: &str, resource: &str, mode, marked| EntitlementFacts {
        name: name.into(),
        title: name.into(),
        resource: resource.into(),
        mode,
        sessions: Sessions::EndAll,
        settles_within_ms: 0,
        suspend: true,
        marked,
        host_looks: true,
        parameters: Vec::new(),
    };
    let entitlements = vec![
        entitlement("schema.read", "database/schema", Mode::Provisioning, true),
        entitlement("role.member", "role", Mode::Access, false),
    ];
    ConnectorFacts {
        digest,
        name: "scripted".into(),
        version: "1.0.0".into(),
        publisher: "tests".into(),
        title: "A target in memory".into(),
        entitlements,
        settings: vec![
            SettingFacts { name: "host".into(), title: "Where".into(), required: false, default: Some("here".into()), connects: true },
            SettingFacts { name: "colour".into(), title: "Which".into(), required: false, default: None, connects: false },
        ],
        secrets: vec!["password".into(), "spare".into()],
        optional_secrets: vec!["spare".into()],
        permissions: Vec::new(),
    }
}

#[async_trait]
impl Connector for Scripted {
    async fn load(&self, file: &[u8]) -> Result<Arc<ConnectorFacts>, NotAdmitted> {
        let version = Version::read(file)?;
        let facts = Arc::clone(&version.facts);
        self.versions.lock().unwrap().insert(facts.digest, Arc::new(version));
        Ok(facts)
    }

    async fn conform(&self, connector: &Digest) -> Result<(), NotAdmitted> {
        match self.versions.lock().unwrap().get(connector) {
            Some(version) if version.lawful => Ok(()),
            _ => Err(NotAdmitted { reason: "it breaks the law `twice`".into(), remedy: "Mend it".into() }),
        }
    }

    fn sample_wishes(&self, connector: &Digest) -> Result<Vec<TrialWish>, NotAdmitted> {
        let versions = self.versions.lock().unwrap();
        Ok(versions.get(connector).map(|version| version.samples.clone()).unwrap_or_default())
    }

    async fn try_out(&self, trial: &Trial) -> Result<Tried, NotAdmitted> {
        while self.is_silent(&trial.call) {
            tokio::task::yield_now().await;
        }
        // As before anything that changes.
        let lost = trial.call.fence.check().await.err();
        let reason = lost.map_or_else(|| "a target in memory knows no laws".into(), |lost| lost.to_string());
        Err(NotAdmitted { reason, remedy: "Try a real one".into() })
    }

    fn facts(&self, connector: &Digest) -> Option<Arc<ConnectorFacts>> {
        self.versions.lock().unwrap().get(connector).map(|version| Arc::clone(&version.facts))
    }

    async fn unload(&self, connector: &Digest) {
        self.versions.lock().unwrap().remove(connector);
    }

    fn interrupt(&self, connector: &Digest) {
        self.interrupted.lock().unwrap().push(*connector);
    }

    fn stopping(&self) {
        self.stopping.store(true, Ordering::SeqCst);
    }

    async fn apply(&self, call: &Invocation, want: &Wish, continuation: Option<&str>) -> Result<Applied, Failure> {
        self.called(call, "apply")?;
        self.take_parameters("apply", want);
        call.fence.check().await?;
        let fault = self.fault(call)?;
        let next = self.goes_on(continuation);
        if fault == Some(Fault::Wait) {
            return Ok(Applied { done: next, delivery: None });
        }
        let mut password = None;
        if fault != Some(Fault::Lie) {
            self.changes.fetch_add(1, Ordering::SeqCst);
            let mut held = self.held.lock().unwrap();
            let old = held.get(&Self::key(want)).cloned();
            let fresh = want.mode == Mode::Provisioning && (want.fresh_credential || old.is_none());
            password = fresh.then(|| format!("secret-{}-{}", want.stamp, call.attempt));
            held.insert(
                Self::key(want),
                Held {
                    presence: if want.suspended { Presence::Suspended } else { Presence::Present },
                    until: want.until,
                    attempt: if fresh { call.attempt } else { old.as_ref().map_or(call.attempt, |o| o.attempt) },
                    password: password.clone().or(old.and_then(|o| o.password)),
                    parameters: want.parameters.clone(),
                },
            );
        }
        let delivery = password.map(|value| Delivery {
            label: "password".into(),
            value: SecretText::new(value),
            public: vec![("user".into(), want.stamp.to_string())],
        });
        Self::finish(fault, Applied { done: Done::Settled { locator: Self::key(want), already: false, replaced: Vec::new() }, delivery })
    }

    async fn revoke(&self, call: &Invocation, want: &Wish, continuation: Option<&str>) -> Result<Done, Failure> {
        self.called(call, "revoke")?;
        self.take_parameters("revoke", want);
        call.fence.check().await?;
        let fault = self.fault(call)?;
        let next = self.goes_on(continuation);
        if fault == Some(Fault::Wait) {
            return Ok(next);
        }
        let mut already = true;
        if fault != Some(Fault::Lie) {
            already = self.held.lock().unwrap().remove(&Self::key(want)).is_none();
            self.changes.fetch_add(1, Ordering::SeqCst);
        }
        Self::finish(fault, Done::Settled { locator: Self::key(want), already, replaced: Vec::new() })
    }

    async fn look(&self, call: &Invocation, want: &Wish) -> Result<Sight, Failure> {
        let version = self.called(call, "look")?;
        self.take_parameters("look", want);
        self.answers()?;
        self.looks.fetch_add(1, Ordering::SeqCst);
        if self.blind.load(Ordering::SeqCst) {
            return Err(Failure::none(FailureKind::NotFound, "no-such-place", "there is no such place to look at"));
        }
        if !version.sees {
            return Ok(Sight { presence: Some(Presence::Absent), by: SeenBy::Host, attempt: None, details: Vec::new() });
        }
        let held = self.held.lock().unwrap().get(&Self::key(want)).cloned();
        let marked = want.mode == Mode::Provisioning;
        let presence = match &held {
            None => Some(Presence::Absent),
            // Where the target enforces the end itself, another end is drift.
            Some(held) if marked && held.until != want.until => None,
            Some(held) if held.parameters != want.parameters => None,
            Some(held) => Some(held.presence),
        };
        let attempt = held.filter(|_| marked).map(|h| h.attempt);
        Ok(Sight { presence, by: SeenBy::Host, attempt, details: Vec::new() })
    }

    async fn fence_off(&self, _call: &Invocation, want: &Wish) -> Result<bool, Failure> {
        self.take_parameters("fence", want);
        self.answers()?;
        Ok(true)
    }

    async fn reach(&self, call: &Invocation) -> Result<(), Failure> {
        if self.is_silent(call) {
            std::future::pending::<()>().await;
        }
        self.answers()
    }

    async fn health(&self, call: &Invocation) -> Result<(), Failure> {
        let version = self.called(call, "health")?;
        Connector::reach(self, call).await?;
        if version.healthy { Ok(()) } else { Err(Failure::none(FailureKind::Unsupported, "unfit", "this version does not work here")) }
    }
}
