//! A target and its connector in memory, for faults that a real one does not produce on demand.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use hallpass_domain::clock::Timestamp;
use hallpass_domain::grant::SeenBy;
use hallpass_domain::holding::{Mode, Presence};
use hallpass_domain::ids::{Digest, TargetId};
use hallpass_domain::port::{
    Applied, Connector, ConnectorFacts, Delivery, Done, EntitlementFacts, Failure, FailureKind, Invocation, NotAdmitted, Sessions, Sight,
    Wish,
};
use hallpass_domain::secret::SecretText;

/// What goes wrong with the next change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It has its effect, and the reply is lost.
    LoseReply,
    /// It has no effect, and nobody knows.
    LoseRequest,
    /// The connector says done, and did nothing.
    Lie,
    /// The connector refuses.
    Refuse,
    /// The target is not there.
    Down,
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
}

/// The target and its connector.
#[derive(Default)]
pub struct Scripted {
    held: Mutex<BTreeMap<String, Held>>,
    faults: Mutex<VecDeque<Fault>>,
    down: AtomicBool,
    silent: Mutex<Option<TargetId>>,
    changes: AtomicU32,
    facts: Mutex<Option<Arc<ConnectorFacts>>>,
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

    /// Makes one target silent: a change does not reach it, and a health check gets no answer, ever.
    pub fn set_silent(&self, target: &TargetId) {
        *self.silent.lock().unwrap() = Some(target.clone());
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

    /// Puts something into the target from outside.
    pub fn put(&self, key: &str, held: Held) {
        self.held.lock().unwrap().insert(key.to_owned(), held);
    }

    /// The key of an access.
    pub fn key(want: &Wish) -> String {
        match &want.account {
            Some(account) => format!("{account} {} {}", want.entitlement, want.resource),
            None => want.stamp.to_string(),
        }
    }

    fn reach(&self) -> Result<(), Failure> {
        if self.down.load(Ordering::SeqCst) { Err(Failure::none(FailureKind::Unavailable, "down", "the target is down")) } else { Ok(()) }
    }

    /// The fault of this change; `Err` where it never gets there.
    fn fault(&self, call: &Invocation) -> Result<Option<Fault>, Failure> {
        self.reach()?;
        if self.is_silent(call) {
            return Err(Failure::none(FailureKind::Unavailable, "down", "the target is down"));
        }
        let fault = self.faults.lock().unwrap().pop_front();
        match fault {
            Some(Fault::Down) => Err(Failure::none(FailureKind::Unavailable, "down", "the target is down")),
            Some(Fault::Refuse) => Err(Failure::none(FailureKind::Forbidden, "not-mine", "the broker's account may not do this")),
            Some(Fault::LoseRequest) => Err(Failure::unknown(FailureKind::Timeout, "no-answer", "no answer came")),
            other => Ok(other),
        }
    }

    fn finish<T>(fault: Option<Fault>, value: T) -> Result<T, Failure> {
        if fault == Some(Fault::LoseReply) { Err(Failure::unknown(FailureKind::Timeout, "no-answer", "no answer came")) } else { Ok(value) }
    }
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
    };
    ConnectorFacts {
        digest,
        name: "scripted".into(),
        version: "1.0.0".into(),
        publisher: "tests".into(),
        title: "A target in memory".into(),
        entitlements: vec![
            entitlement("schema.read", "database/schema", Mode::Provisioning, true),
            entitlement("role.member", "database/role", Mode::Access, false),
        ],
        settings: Vec::new(),
        secrets: vec!["password".into()],
        permissions: Vec::new(),
    }
}

#[async_trait]
impl Connector for Scripted {
    async fn load(&self, file: &[u8]) -> Result<Arc<ConnectorFacts>, NotAdmitted> {
        let loaded = Arc::new(facts(Digest::of(file)));
        *self.facts.lock().unwrap() = Some(Arc::clone(&loaded));
        Ok(loaded)
    }

    fn facts(&self, connector: &Digest) -> Option<Arc<ConnectorFacts>> {
        self.facts.lock().unwrap().clone().filter(|f| f.digest == *connector)
    }

    async fn apply(&self, call: &Invocation, want: &Wish, _continuation: Option<&str>) -> Result<Applied, Failure> {
        call.fence.check().await?;
        let fault = self.fault(call)?;
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

    async fn revoke(&self, call: &Invocation, want: &Wish, _continuation: Option<&str>) -> Result<Done, Failure> {
        call.fence.check().await?;
        let fault = self.fault(call)?;
        let mut already = true;
        if fault != Some(Fault::Lie) {
            already = self.held.lock().unwrap().remove(&Self::key(want)).is_none();
            self.changes.fetch_add(1, Ordering::SeqCst);
        }
        Self::finish(fault, Done::Settled { locator: Self::key(want), already, replaced: Vec::new() })
    }

    async fn look(&self, _call: &Invocation, want: &Wish) -> Result<Sight, Failure> {
        self.reach()?;
        let held = self.held.lock().unwrap().get(&Self::key(want)).cloned();
        let marked = want.mode == Mode::Provisioning;
        let presence = match &held {
            None => Some(Presence::Absent),
            // Where the target enforces the end itself, another end is drift.
            Some(held) if marked && held.until != want.until => None,
            Some(held) => Some(held.presence),
        };
        let attempt = held.filter(|_| marked).map(|h| h.attempt);
        Ok(Sight { presence, by: SeenBy::Host, attempt, details: Vec::new() })
    }

    async fn fence_off(&self, _call: &Invocation, _want: &Wish) -> Result<bool, Failure> {
        self.reach()?;
        Ok(true)
    }

    async fn health(&self, call: &Invocation) -> Result<(), Failure> {
        if self.is_silent(call) {
            std::future::pending::<()>().await;
        }
        self.reach()
    }
}
