//! Events: what happened, in the commit of the change. An event encodes itself once, to the exact bytes that are hashed.
//!
//! A leaf holds ids, closed words, times and digests. Free text and personal data appear as `sha256(salt ‖ value)`; salt and
//! value stand in a table that can be erased without breaking a proof.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use sha2::Digest as _;

use crate::clock::Timestamp;
use crate::ids::{Digest, EventId, GrantId, HoldingId, OperationId, PrincipalId, RequestId};
use crate::rng::{Rng, RngError};
use crate::text_enum::text_enum;

/// The most bytes of one leaf (C2SP tlog-tiles: an entry has a 16-bit length).
pub const MOST_BYTES: usize = 65_535;

text_enum! {
    /// What happened.
    pub enum EventKind {
        /// The installation came into being.
        InstallationCreated => "installation.created",
        /// Keys of the broker were made.
        KeysCreated => "keys.created",
        /// A principal was added.
        PrincipalAdded => "principal.added",
        /// A principal registered its keys with its one-time link.
        PrincipalEnrolled => "principal.enrolled",
        /// A used, unknown or expired enrolment link was tried.
        EnrolmentRefused => "enrolment.refused",
        /// A new one-time link was made.
        EnrolmentIssued => "enrolment.issued",
        /// A principal is gone.
        PrincipalOffboarded => "principal.offboarded",
        /// A session token was issued.
        SessionIssued => "session.issued",
        /// The members of a group changed.
        GroupChanged => "group.changed",
        /// A connector was loaded.
        ConnectorLoaded => "connector.loaded",
        /// A connector was not loaded; `why` is a word for it, such as `bad-signature`, `not-admitted`, `downgrade` or `conformance`.
        ConnectorRefused => "connector.refused",
        /// A version below one that was loaded before was loaded on purpose.
        ConnectorDowngraded => "connector.downgraded",
        /// The permissions that a connector asks for were granted.
        ConnectorPermitted => "connector.permitted",
        /// An operator ordered targets to move to another version.
        ConnectorUpgradeOrdered => "connector.upgrade-ordered",
        /// A trial of a version at a sandbox target begins: what it makes there is nobody's holding.
        ConnectorTestBegan => "connector.test-began",
        /// A trial ended, and what it made was taken away; `left` names what was not.
        ConnectorTested => "connector.tested",
        /// A target's new calls use another version from now on.
        ConnectorActivated => "connector.activated",
        /// A version did not become active in a target: it does not fit, or fails its health check.
        ConnectorHeldBack => "connector.held-back",
        /// No target uses a version any more; it waits for its last holding.
        ConnectorRetiring => "connector.retiring",
        /// A version is gone from memory and cache.
        ConnectorUnloaded => "connector.unloaded",
        /// A version never runs again.
        ConnectorBanned => "connector.banned",
        /// A target's calls to a version stopped: it broke the rules too often in a row there.
        ConnectorQuarantined => "connector.quarantined",
        /// They go on.
        ConnectorQuarantineLifted => "connector.quarantine-lifted",
        /// A version that is not a holding's own looks at it, before the holding is moved to it or (`dry_run`) is not.
        HoldingRepinTried => "holding.repin-tried",
        /// A holding was moved to another version on purpose.
        HoldingRepinned => "holding.repinned",
        /// A target was added.
        TargetAdded => "target.added",
        /// A target's settings, secrets, network, environment or connector changed.
        TargetChanged => "target.changed",
        /// A target was removed: its secrets are erased, and nothing new happens in it.
        TargetRemoved => "target.removed",
        /// A principal's account in a target was set.
        AccountSet => "account.set",
        /// A request was submitted and policy answered.
        RequestSubmitted => "request.submitted",
        /// Policy said no at submission.
        RequestRefused => "request.refused",
        /// A verdict was given.
        ApprovalGiven => "approval.given",
        /// A verdict was refused: not this person, or too late.
        ApprovalRefused => "approval.refused",
        /// A request was approved whole.
        RequestApproved => "request.approved",
        /// A request was denied.
        RequestDenied => "request.denied",
        /// A request was withdrawn.
        RequestWithdrawn => "request.withdrawn",
        /// A request lapsed.
        RequestLapsed => "request.lapsed",
        /// A request's stage escalated to another group.
        RequestEscalated => "request.escalated",
        /// A grant exists and its activation is planned.
        GrantCreated => "grant.created",
        /// The access was seen in the target.
        GrantActivated => "grant.activated",
        /// A grant shall end.
        GrantEnding => "grant.ending",
        /// A grant ended: its absence was seen.
        GrantEnded => "grant.ended",
        /// A grant never became active.
        GrantFailed => "grant.failed",
        /// An attempt is about to go out.
        OperationSent => "operation.sent",
        /// An attempt did not settle.
        OperationUnsettled => "operation.unsettled",
        /// An operation settled.
        OperationSettled => "operation.settled",
        /// An operation was dropped before anything was sent.
        OperationDropped => "operation.dropped",
        /// A credential was sealed and waits for its holder.
        CredentialReady => "credential.ready",
        /// A credential was picked up.
        CredentialPickedUp => "credential.picked-up",
        /// A credential was asked for a second time, or by somebody else: an alarm.
        CredentialRefused => "credential.refused",
        /// A credential was not picked up in time and is gone.
        CredentialErased => "credential.erased",
        /// A pass was minted.
        PassMinted => "pass.minted",
        /// A target stopped answering; probes go on.
        TargetDown => "target.down",
        /// A target answers again.
        TargetUp => "target.up",
        /// The target holds something else than we believe.
        DriftFound => "drift.found",
        /// Drift was repaired.
        DriftRepaired => "drift.repaired",
    }
}

/// A value of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// An id, a closed word or a digest. Never free text.
    Word(String),
    /// A number.
    Number(i64),
    /// An instant.
    Time(Timestamp),
    /// Free text or personal data: only its salted digest is in the leaf.
    Text(String),
}

/// What happened, before it is encoded. Begin with [`Event::new`] and add what is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// The id of the aggregate that it happened to.
    pub subject: String,
    /// Who did it, from the human on: human, agent, sub-agent. Empty: the broker itself.
    pub actors: Vec<PrincipalId>,
    /// Because of which request.
    pub request: Option<RequestId>,
    /// To which grant.
    pub grant: Option<GrantId>,
    /// To which holding.
    pub holding: Option<HoldingId>,
    /// By which operation.
    pub operation: Option<OperationId>,
    /// Under which policies.
    pub policy_revision: Option<String>,
    /// By which connector.
    pub connector: Option<Digest>,
    /// The rest.
    pub facts: BTreeMap<&'static str, Fact>,
}

impl Event {
    /// `kind` happened to `subject`.
    pub fn new(kind: EventKind, subject: &(impl ToString + ?Sized)) -> Self {
        Self {
            kind,
            subject: subject.to_string(),
            actors: Vec::new(),
            request: None,
            grant: None,
            holding: None,
            operation: None,
            policy_revision: None,
            connector: None,
            facts: BTreeMap::new(),
        }
    }

    /// Done by this chain of principals.
    #[must_use]
    pub fn by(mut self, actors: &[PrincipalId]) -> Self {
        self.actors = actors.to_vec();
        self
    }

    /// Adds a word: an id, a closed word or a digest.
    #[must_use]
    pub fn word(mut self, name: &'static str, value: &(impl ToString + ?Sized)) -> Self {
        self.facts.insert(name, Fact::Word(value.to_string()));
        self
    }

    /// Adds a number.
    #[must_use]
    pub fn number(mut self, name: &'static str, value: i64) -> Self {
        self.facts.insert(name, Fact::Number(value));
        self
    }

    /// Adds an instant.
    #[must_use]
    pub fn time(mut self, name: &'static str, value: Timestamp) -> Self {
        self.facts.insert(name, Fact::Time(value));
        self
    }

    /// Adds free text or personal data, as a commitment.
    #[must_use]
    pub fn text(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.facts.insert(name, Fact::Text(value.into()));
        self
    }

    /// Names the request.
    #[must_use]
    pub fn request(mut self, id: &RequestId) -> Self {
        self.request = Some(id.clone());
        self
    }

    /// Names the grant.
    #[must_use]
    pub fn grant(mut self, id: &GrantId) -> Self {
        self.grant = Some(id.clone());
        self
    }

    /// Names the holding.
    #[must_use]
    pub fn holding(mut self, id: &HoldingId) -> Self {
        self.holding = Some(id.clone());
        self
    }

    /// Names the operation.
    #[must_use]
    pub fn operation(mut self, id: &OperationId) -> Self {
        self.operation = Some(id.clone());
        self
    }

    /// Names the policy revision.
    #[must_use]
    pub fn policy(mut self, revision: &str) -> Self {
        self.policy_revision = Some(revision.to_owned());
        self
    }

    /// Names the connector.
    #[must_use]
    pub fn connector(mut self, digest: Digest) -> Self {
        self.connector = Some(digest);
        self
    }

    /// Encodes the event, once: RFC 8785 bytes, their SHA-256, and what can be erased.
    pub fn encode(self, id: EventId, at: Timestamp, rng: &dyn Rng) -> Result<Encoded, EventError> {
        let mut leaf = Map::new();
        let mut erasable = Vec::new();
        leaf.insert("v".into(), json!(1));
        leaf.insert("id".into(), json!(id));
        leaf.insert("kind".into(), json!(self.kind));
        leaf.insert("at".into(), json!(at.to_string()));
        leaf.insert("subject".into(), json!(self.subject));
        leaf.insert("actors".into(), json!(self.actors));
        let mut optional = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                leaf.insert(name.into(), Value::String(value));
            }
        };
        optional("request", self.request.map(String::from));
        optional("grant", self.grant.map(String::from));
        optional("holding", self.holding.map(String::from));
        optional("operation", self.operation.map(String::from));
        optional("policy_revision", self.policy_revision);
        optional("connector", self.connector.map(String::from));
        let mut facts = Map::new();
        for (name, fact) in self.facts {
            let value = match fact {
                Fact::Word(word) => json!(word),
                Fact::Number(n) => json!(n),
                Fact::Time(t) => json!(t.to_string()),
                Fact::Text(value) => {
                    let salt: [u8; 16] = crate::rng::bytes(rng)?;
                    let digest = commitment(&salt, &value);
                    erasable.push(Erasable { field: name, salt, value });
                    json!({ "sha256": digest })
                }
            };
            facts.insert(name.into(), value);
        }
        leaf.insert("facts".into(), Value::Object(facts));
        let bytes = serde_json_canonicalizer::to_vec(&Value::Object(leaf)).map_err(|e| EventError::Encoding(e.to_string()))?;
        if bytes.len() > MOST_BYTES {
            return Err(EventError::TooLarge { kind: self.kind, bytes: bytes.len() });
        }
        Ok(Encoded { id, kind: self.kind, at, subject: self.subject, digest: Digest::of(&bytes), bytes, erasable })
    }
}

/// What a leaf says of itself: the other side of [`Event::encode`].
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct Leaf {
    /// The event's id.
    pub id: String,
    /// What happened, as the word for it.
    pub kind: String,
    /// When, as RFC 3339 text.
    pub at: String,
    /// To which aggregate.
    pub subject: String,
    /// The grant that it names.
    pub grant: Option<String>,
    /// The request that it names.
    pub request: Option<String>,
    /// Everything else.
    pub facts: Map<String, Value>,
}

impl Leaf {
    /// Reads the bytes of a leaf; `None` where they are none.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// Whether `value` with this salt is what the leaf committed to under `field`.
    pub fn commits_to(&self, field: &str, salt: &[u8; 16], value: &str) -> bool {
        self.facts.get(field).and_then(|fact| fact.get("sha256")).is_some_and(|digest| *digest == commitment(salt, value))
    }
}

/// What stands in a leaf for erasable text: `sha256(salt ‖ value)`, URL-safe base64 without padding.
pub fn commitment(salt: &[u8; 16], value: &str) -> String {
    let mut hash = sha2::Sha256::new();
    hash.update(salt);
    hash.update(value.as_bytes());
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

/// An event as it is stored: the exact bytes of its leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// Its id.
    pub id: EventId,
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub at: Timestamp,
    /// To which aggregate.
    pub subject: String,
    /// RFC 8785 bytes, at most [`MOST_BYTES`].
    pub bytes: Vec<u8>,
    /// Their SHA-256.
    pub digest: Digest,
    /// What the commitments in it stand for.
    pub erasable: Vec<Erasable>,
}

/// A value behind a commitment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasable {
    /// The name of the fact.
    pub field: &'static str,
    /// Random.
    pub salt: [u8; 16],
    /// The text.
    pub value: String,
}

/// An event that cannot be written: nothing changes then (law 14).
#[derive(Debug, Clone, thiserror::Error)]
pub enum EventError {
    /// Too much for one leaf.
    #[error("the event {kind} has {bytes} bytes, a leaf holds at most {MOST_BYTES}: shorten what it names")]
    TooLarge {
        /// What happened.
        kind: EventKind,
        /// How large it is.
        bytes: usize,
    },
    /// It could not be encoded.
    #[error("the event cannot be encoded: {0}")]
    Encoding(String),
    /// No random salt.
    #[error(transparent)]
    Rng(#[from] RngError),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SeededRng;

    fn encode(event: Event) -> Result<Encoded, EventError> {
        let rng = SeededRng::new(3);
        let id = EventId::new(Timestamp(1_700_000_000_000), &rng).unwrap();
        event.encode(id, Timestamp(1_700_000_000_000), &rng)
    }

    #[test]
    fn free_text_stays_out_of_the_leaf() {
        let encoded = encode(Event::new(EventKind::RequestSubmitted, "rq_x").text("justification", "because of Alice")).unwrap();
        let leaf = String::from_utf8(encoded.bytes.clone()).unwrap();
        assert!(!leaf.contains("Alice"));
        let erasable = &encoded.erasable[0];
        assert!(leaf.contains(&commitment(&erasable.salt, "because of Alice")));
        assert!(!leaf.contains(&commitment(&erasable.salt, "because of Bob")));
    }

    #[test]
    fn a_leaf_that_is_read_says_what_was_written() {
        let encoded = encode(Event::new(EventKind::GrantEnded, "gr_x").text("words", "left the team")).unwrap();
        let leaf = Leaf::read(&encoded.bytes).unwrap();
        assert_eq!((leaf.id, leaf.kind, leaf.at), (encoded.id.to_string(), encoded.kind.to_string(), encoded.at.to_string()));
        assert_eq!((leaf.subject.as_str(), leaf.grant, leaf.request), ("gr_x", None, None));
        let leaf = Leaf::read(&encoded.bytes).unwrap();
        let salt = &encoded.erasable[0].salt;
        assert!(leaf.commits_to("words", salt, "left the team"));
        assert!(!leaf.commits_to("words", salt, "was thrown out") && !leaf.commits_to("reason", salt, "left the team"));
    }

    #[test]
    fn a_leaf_that_is_too_large_is_refused() {
        let event = Event::new(EventKind::GrantEnded, "gr_x").word("x", &"y".repeat(MOST_BYTES));
        assert!(matches!(encode(event), Err(EventError::TooLarge { .. })));
    }

    #[test]
    fn the_bytes_are_canonical() {
        let encoded = encode(Event::new(EventKind::GrantEnded, "gr_x").word("b", "2").word("a", "1")).unwrap();
        let value: Value = serde_json::from_slice(&encoded.bytes).unwrap();
        assert_eq!(serde_json_canonicalizer::to_vec(&value).unwrap(), encoded.bytes);
    }
}
