//! The seam between the broker and its connectors. Implemented by the WebAssembly runtime, and by a scripted connector in
//! tests: the broker knows no engine.

mod optional;
mod trial;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::clock::{Millis, Timestamp};
use crate::grant::SeenBy;
use crate::holding::{Mode, Presence};
use crate::ids::{Digest, OperationId, Stamp, TargetId};
use crate::name::Name;
use crate::parameter::{ParameterFacts, Parameters};
use crate::resource::Resource;
use crate::secret::SecretText;
use crate::text_enum::text_enum;

pub use optional::{DescribedEntitlement, Description, Interface, Item, Page, SideEffect, Tool, ToolOutcome, not_exported};
pub use trial::{LawTried, Trial, TrialVerdict, TrialWish, Tried};

text_enum! {
    /// Why a call failed; `types.failure-kind` of the WIT.
    pub enum FailureKind {
        /// The wish cannot be carried out.
        InvalidInput => "invalid-input",
        /// The target did not accept the broker's own credential.
        Unauthenticated => "unauthenticated",
        /// The broker's own account may not do this.
        Forbidden => "forbidden",
        /// Something that the wish names is not in the target.
        NotFound => "not-found",
        /// The target holds something that contradicts the wish.
        Conflict => "conflict",
        /// The target asks to slow down.
        RateLimited => "rate-limited",
        /// The target cannot be reached or is not ready.
        Unavailable => "unavailable",
        /// No answer came in time.
        Timeout => "timeout",
        /// Not done by this connector, target or host.
        Unsupported => "unsupported",
        /// A fault of the connector: a trap, a broken limit, an answer outside of the contract.
        Internal => "internal",
    }
}

text_enum! {
    /// What is known about the target after a failure; `types.effect` of the WIT.
    pub enum Effect {
        /// Nothing changed.
        None => "none",
        /// Everything changed that should.
        Applied => "applied",
        /// Some of it changed.
        Partial => "partial",
        /// Not known: look.
        Unknown => "unknown",
    }
}

/// A failed call. Code and message may be a connector's words: hostile text, bounded by the runtime, free of secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{kind} ({code}): {message}")]
pub struct Failure {
    /// Why.
    pub kind: FailureKind,
    /// A stable word in kebab case.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// What is known about the target.
    pub effect: Effect,
    /// How long the target asked to wait.
    pub retry_after_ms: Option<Millis>,
    /// The host itself saw that the target is not there: it could not connect, or was not let in. Never a connector's word.
    pub outage: bool,
}

impl Failure {
    /// A failure that changed nothing.
    pub fn none(kind: FailureKind, code: &str, message: impl Into<String>) -> Self {
        Self { kind, code: code.to_owned(), message: message.into(), effect: Effect::None, retry_after_ms: None, outage: false }
    }

    /// The same, seen by the host itself while it tried to reach the target.
    #[must_use]
    pub fn as_outage(self) -> Self {
        Self { outage: true, ..self }
    }

    /// A failure after which the target must be looked at.
    pub fn unknown(kind: FailureKind, code: &str, message: impl Into<String>) -> Self {
        Self { effect: Effect::Unknown, ..Self::none(kind, code, message) }
    }
}

/// The lease under which a call runs. Checked right before anything goes out that can change a target.
#[async_trait]
pub trait Fence: Send + Sync {
    /// Fails when the lease is over, taken over, or in the last fifth of its time.
    async fn check(&self) -> Result<(), Failure>;
}

/// How to reach a target: settings, and secrets that only the host sees.
#[derive(Clone)]
pub struct Endpoint {
    /// Its id.
    pub id: TargetId,
    /// Its name.
    pub name: Name,
    /// One more with each change; a pool of connections belongs to one revision.
    pub revision: i64,
    /// Settings by the name that the manifest declares.
    pub settings: BTreeMap<String, String>,
    /// Secrets by the name that the manifest declares.
    pub secrets: BTreeMap<String, SecretText>,
    /// What an operator granted beyond the public internet: `http://127.0.0.1:8080`, `https://10.1.2.3`.
    pub network: Vec<String>,
}

/// What of a connector's permissions a call may use: what it asks for ∩ what an operator granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Granted {
    /// Everything that it asks for: where nothing real can be reached, as in conformance.
    Asked,
    /// These lines of [`ConnectorFacts::permissions`], and nothing else.
    Only(Arc<BTreeSet<String>>),
}

impl Granted {
    /// These lines.
    pub fn only(lines: &[String]) -> Self {
        Self::Only(Arc::new(lines.iter().cloned().collect()))
    }

    /// Whether this permission may be used.
    pub fn allows(&self, line: &str) -> bool {
        match self {
            Self::Asked => true,
            Self::Only(lines) => lines.contains(line),
        }
    }
}

/// One call of a connector.
#[derive(Clone)]
pub struct Invocation {
    /// The operation, stable over attempts.
    pub operation: OperationId,
    /// Which attempt this is: the second half of the mark, and the fence in the target.
    pub attempt: i64,
    /// The connector.
    pub connector: Digest,
    /// What an operator granted it.
    pub granted: Granted,
    /// The target.
    pub endpoint: Arc<Endpoint>,
    /// When the call is cut off.
    pub deadline: Timestamp,
    /// Change nothing.
    pub dry_run: bool,
    /// The lease.
    pub fence: Arc<dyn Fence>,
}

/// The approved wish, frozen for one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The mark.
    pub stamp: Stamp,
    /// Access or provisioning.
    pub mode: Mode,
    /// The existing account (mode access).
    pub account: Option<String>,
    /// Which kind of access.
    pub entitlement: String,
    /// On what.
    pub resource: Resource,
    /// Approved parameters.
    pub parameters: Parameters,
    /// Latest end of all grants behind it.
    pub until: Timestamp,
    /// Present, but unusable.
    pub suspended: bool,
    /// Put a new secret in place.
    pub fresh_credential: bool,
    /// What an earlier settled call returned.
    pub locator: Option<String>,
}

/// How a change ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// Finished.
    Settled {
        /// Given back in later calls; at most 1 KiB.
        locator: String,
        /// Nothing had to change.
        already: bool,
        /// What the target dropped to make room.
        replaced: Vec<String>,
    },
    /// Still going on in the target: an opaque continuation of at most 16 KiB.
    Pending(String),
}

/// A secret that a connector handed out for the holder of the grant.
#[derive(Clone)]
pub struct Delivery {
    /// What it is: `password`.
    pub label: String,
    /// The secret.
    pub value: SecretText,
    /// What must be known to use it, in order.
    pub public: Vec<(String, String)>,
}

/// What an apply left behind.
#[derive(Clone)]
pub struct Applied {
    /// How it ended.
    pub done: Done,
    /// The secret that it made, if it made one.
    pub delivery: Option<Delivery>,
}

/// What was seen in the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// What; `None` when it is none of the declared states: drift.
    pub presence: Option<Presence>,
    /// By whom.
    pub by: SeenBy,
    /// The attempt whose mark is on it, where the target has room for marks.
    pub attempt: Option<i64>,
    /// What did not match, or details; for people.
    pub details: Vec<(String, String)>,
}

text_enum! {
    /// What becomes of live sessions when an entitlement ends.
    pub enum Sessions {
        /// They end too.
        EndAll => "end-all",
        /// They stay.
        Leave => "leave",
    }
}

/// An entitlement as the manifest declares it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntitlementFacts {
    /// Its name.
    pub name: String,
    /// What it is, in one line.
    pub title: String,
    /// Kinds of the resource, from the outside in: `database/schema`.
    pub resource: String,
    /// Access or provisioning.
    pub mode: Mode,
    /// What becomes of live sessions.
    pub sessions: Sessions,
    /// After this long an earlier attempt can have no late effect, in milliseconds. Zero where the host can fence it.
    pub settles_within_ms: Millis,
    /// Whether it can be suspended; else suspend is revoke and apply.
    pub suspend: bool,
    /// Whether the target has room for our mark; else the baseline decides.
    pub marked: bool,
    /// Whether the host looks itself.
    pub host_looks: bool,
    /// What a request for it must carry, by name.
    pub parameters: Vec<ParameterFacts>,
}

/// A setting as the manifest declares it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingFacts {
    /// Its name.
    pub name: String,
    /// What it is, in one line.
    pub title: String,
    /// Whether a target must have it.
    pub required: bool,
    /// The value where a target has none.
    pub default: Option<String>,
    /// Whether it says where, as whom or how the host connects, and so where a target's secrets are sent.
    #[serde(default)]
    pub connects: bool,
}

/// What a connector says of itself, checked by the runtime.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectorFacts {
    /// SHA-256 of the file: its identity.
    pub digest: Digest,
    /// Name in the manifest.
    pub name: String,
    /// Version in the manifest.
    pub version: String,
    /// Publisher in the manifest.
    pub publisher: String,
    /// What it is, in one line.
    pub title: String,
    /// Entitlements.
    pub entitlements: Vec<EntitlementFacts>,
    /// Settings of a target.
    pub settings: Vec<SettingFacts>,
    /// Names of a target's secrets.
    pub secrets: Vec<String>,
    /// Those of them that a target can do without.
    #[serde(default)]
    pub optional_secrets: Vec<String>,
    /// The permissions that it asks for, each as text for the operator: statements, secrets and where they go.
    pub permissions: Vec<String>,
}

impl ConnectorFacts {
    /// The entitlement of this name.
    pub fn entitlement(&self, name: &str) -> Option<&EntitlementFacts> {
        self.entitlements.iter().find(|e| e.name == name)
    }
}

/// A file that is no connector of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the connector was not loaded: {reason}. {remedy}")]
pub struct NotAdmitted {
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub remedy: String,
}

/// Loads connectors and calls them. Every call gets a fresh sandbox that is thrown away.
#[async_trait]
pub trait Connector: Send + Sync + 'static {
    /// Checks a plugin file, compiles it or takes it from the cache, and makes it callable. Loading what is loaded is cheap.
    async fn load(&self, file: &[u8]) -> Result<Arc<ConnectorFacts>, NotAdmitted>;

    /// Checks that a loaded connector keeps the laws of conformance, in the scripted world of its own fixture: nothing real is reached.
    /// Done before it is used for the first time. The reason names each law that it breaks.
    async fn conform(&self, _connector: &Digest) -> Result<(), NotAdmitted> {
        Ok(())
    }

    /// The sample wishes that the author of a loaded connector put into its fixture. The error says why they cannot be read.
    fn sample_wishes(&self, _connector: &Digest) -> Result<Vec<TrialWish>, NotAdmitted> {
        Ok(Vec::new())
    }

    /// Checks those laws that can be checked at a real target. What it makes there it takes away again, also when a law is broken.
    /// The error says why nothing was tried.
    async fn try_out(&self, _trial: &Trial) -> Result<Tried, NotAdmitted> {
        Err(NotAdmitted { reason: "this host tries nothing out".into(), remedy: "Use `hallpass connector test` without a target".into() })
    }

    /// What is known of a loaded connector.
    fn facts(&self, connector: &Digest) -> Option<Arc<ConnectorFacts>>;

    /// Takes a version out of memory and its compiled code out of the cache. Calls in flight finish, or are cut off at their
    /// deadline. Unloading what is not loaded does nothing.
    async fn unload(&self, connector: &Digest);

    /// Cuts off every call of a version that is in flight on this node, at once: it was banned. Follow it with
    /// [`Connector::unload`], so that no new one begins.
    fn interrupt(&self, connector: &Digest);

    /// Tells every call, in flight or yet to come, that the broker is stopping. None is cut off: a connector that asks whether it is
    /// `cancelled` comes to an end by itself.
    fn stopping(&self) {}

    /// Makes the wish true.
    async fn apply(&self, call: &Invocation, want: &Wish, continuation: Option<&str>) -> Result<Applied, Failure>;

    /// Takes the access away.
    async fn revoke(&self, call: &Invocation, want: &Wish, continuation: Option<&str>) -> Result<Done, Failure>;

    /// Looks, without effect: the host itself where the manifest declares a look, else the connector's `observe`.
    async fn look(&self, call: &Invocation, want: &Wish) -> Result<Sight, Failure>;

    /// Cuts off earlier attempts of this holding in the target, so that none can have a late effect. `false`: this target
    /// cannot; wait for `settles_within_ms` and look twice.
    async fn fence_off(&self, call: &Invocation, want: &Wish) -> Result<bool, Failure>;

    /// Whether the target is there, without any change: the host's own login where it has one, else the connector's health. Only
    /// an [outage](Failure::outage) says that it is not.
    async fn reach(&self, call: &Invocation) -> Result<(), Failure>;

    /// Whether the target answers and the broker's own account may do what the connector needs.
    async fn health(&self, call: &Invocation) -> Result<(), Failure>;

    /// What depends on the target's settings; empty for a connector without `describe`. Asked of the connector once per digest and
    /// revision of the settings, then remembered.
    async fn describe(&self, _call: &Invocation) -> Result<Arc<Description>, Failure> {
        Ok(Arc::default())
    }

    /// A page of at most `limit` items of everything that the target holds; the first one without a cursor.
    async fn page(&self, _call: &Invocation, _cursor: Option<&str>, _limit: u32) -> Result<Page, Failure> {
        Err(not_exported(Interface::Inventory))
    }

    /// Calls a tool. `arguments` and the result are JSON; the result is at most 256 KiB, a connector's words.
    async fn call_tool(&self, _call: &Invocation, _tool: &str, _arguments: &str) -> Result<String, Failure> {
        Err(not_exported(Interface::Tools))
    }

    /// Finds out, without effect, what became of the operation of this id.
    async fn tool_outcome(&self, _call: &Invocation, _operation: &OperationId) -> Result<ToolOutcome, Failure> {
        Err(not_exported(Interface::ToolOutcomes))
    }
}
