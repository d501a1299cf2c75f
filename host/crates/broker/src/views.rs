//! What goes into the use cases and what comes out, where that is not the domain's own type.

use std::collections::BTreeMap;
use std::str::FromStr;

use hallpass_domain::clock::{Millis, Timestamp};
use hallpass_domain::connector::PermissionDiff;
use hallpass_domain::grant::Grant;
use hallpass_domain::holding::Presence;
use hallpass_domain::ids::{Digest, EventId, GrantId, HoldingId, PrincipalId, RequestId, Stamp, TargetId};
use hallpass_domain::name::{Name, NameError};
use hallpass_domain::parameter::Parameters;
use hallpass_domain::port::{EntitlementFacts, TrialWish};
use hallpass_domain::principal::{Principal, PrincipalKind};
use hallpass_domain::request::{Approval, Request, Verdict};
use hallpass_domain::secret::SecretText;
use hallpass_store::{ConnectorRow, CredentialState};

use crate::error::BrokerError;
use crate::held_back::HeldBack;

/// A part of a list.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The id after which it begins.
    pub after: Option<String>,
    /// How many, at most [`Page::MOST`]; zero means [`Page::DEFAULT`].
    pub limit: u32,
}

/// A part of a list, and where the next one begins.
#[derive(Debug, Clone)]
pub struct Part<T> {
    /// What the caller may see of it.
    pub items: Vec<T>,
    /// The cursor of the next part; `None`: this is the last one. A part can be short, even empty, and not be the last.
    pub next: Option<String>,
}

impl Page {
    /// The most items of one part of a list.
    pub const MOST: u32 = 500;
    /// The items of a part where no number is asked for.
    pub const DEFAULT: u32 = 100;

    /// The id after which the part begins.
    pub(crate) fn cursor<I: FromStr<Err = NameError>>(&self) -> Result<Option<I>, BrokerError> {
        let read = |text: &str| text.parse().map_err(|e| BrokerError::invalid("after", e, "Send `next` of the part before."));
        self.after.as_deref().map(read).transpose()
    }

    /// The number of rows.
    pub(crate) fn rows(&self) -> u32 {
        if self.limit == 0 { Self::DEFAULT } else { self.limit.min(Self::MOST) }
    }
}

/// A principal that is to be added.
#[derive(Debug, Clone)]
pub struct NewPrincipal {
    /// User, agent or workload.
    pub kind: PrincipalKind,
    /// Its name.
    pub name: Name,
    /// The human behind it; none for a user.
    pub owner: Option<Name>,
}

/// A one-time enrolment link.
pub struct Invitation {
    /// Whose.
    pub principal: Principal,
    /// The last part of the link. Shown once.
    pub token: SecretText,
    /// When it stops working.
    pub expires: Timestamp,
}

/// What a principal registers with its link.
#[derive(Debug, Clone)]
pub struct EnrolmentKeys {
    /// Ed25519 public key, 32 bytes in hexadecimal.
    pub signing_key: String,
    /// X25519 public key, 32 bytes in hexadecimal.
    pub recipient_key: String,
    /// Signature by the first over `hallpass-enrol-v1`, a zero byte, the token and the second: proof of possession.
    pub proof: String,
}

/// A session token that was just issued.
pub struct IssuedSession {
    /// The token. Shown once, stored as a digest.
    pub token: SecretText,
    /// How long it lives, in seconds.
    pub expires_in_s: u64,
    /// Whose it is.
    pub principal: PrincipalId,
}

/// A group and its members.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its name.
    pub name: Name,
    /// Names of its members.
    pub members: Vec<Name>,
    /// Where the membership comes from.
    pub source: String,
    /// When it was last refreshed.
    pub refreshed: Timestamp,
}

/// A plugin file that is to be loaded.
#[derive(Debug, Clone, Copy)]
pub struct NewConnector<'a> {
    /// The file.
    pub file: &'a [u8],
    /// The text of its `.sig` file.
    pub signature: Option<&'a str>,
    /// The digest of the permissions that were read and are accepted.
    pub accept: Option<Digest>,
    /// Load it though a newer version was loaded before.
    pub allow_downgrade: bool,
}

impl<'a> NewConnector<'a> {
    /// A file without signature, whose permissions nobody has accepted yet.
    pub fn of(file: &'a [u8]) -> Self {
        Self { file, signature: None, accept: None, allow_downgrade: false }
    }
}

/// An upgrade that is ordered.
#[derive(Debug, Clone, Default)]
pub struct NewUpgrade {
    /// Only these targets; all of the connector's where none is named.
    pub targets: Option<Vec<Name>>,
    /// Why, for whoever approves.
    pub justification: Option<String>,
}

/// What became of an upgrade.
#[derive(Debug, Clone)]
pub struct Upgrade {
    /// The version.
    pub connector: ConnectorRow,
    /// What it asks for, compared with what was granted before.
    pub diff: PermissionDiff,
    /// The request that waits for another person; nothing has moved then.
    pub request: Option<RequestId>,
    /// Each target.
    pub targets: Vec<Moved>,
}

/// What became of one target's move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The target.
    pub target: TargetId,
    /// Its name.
    pub target_name: Name,
    /// The version that it had.
    pub from: Digest,
    /// The version that it has now.
    pub to: Digest,
    /// Why it stays on the old one.
    pub held_back: Option<String>,
}

/// Who still needs a version.
#[derive(Debug, Clone, Default)]
pub struct Holders {
    /// Targets whose new calls use it.
    pub targets: Vec<(TargetId, Name)>,
    /// Holdings that it made and that have not ended.
    pub holdings: Vec<HoldingId>,
}

/// A version that is to go.
#[derive(Debug, Clone)]
pub struct Unloading {
    /// The version.
    pub connector: ConnectorRow,
    /// What still holds it.
    pub holders: Holders,
}

/// Holdings that are to move to another version.
#[derive(Debug, Clone, Default)]
pub struct NewRepin {
    /// These.
    pub holdings: Vec<HoldingId>,
    /// All live ones of this target instead.
    pub target: Option<Name>,
    /// Only look and compare.
    pub dry_run: bool,
}

/// What became of one holding.
#[derive(Debug, Clone)]
pub struct Repinned {
    /// The holding.
    pub holding: HoldingId,
    /// Its version before.
    pub from: Digest,
    /// The version asked for.
    pub to: Digest,
    /// What the new version declares otherwise.
    pub changes: Vec<String>,
    /// What was seen last.
    pub seen_before: Option<Presence>,
    /// What the new version sees.
    pub seen_now: Option<Presence>,
    /// Whether it moved.
    pub moved: bool,
    /// Why not.
    pub reason: Option<String>,
}

/// A target that is to be added.
#[derive(Clone)]
pub struct NewTarget {
    /// Its name.
    pub name: Name,
    /// Its environment.
    pub environment: Name,
    /// Digest of a connector, or the name of one, whose newest version is taken.
    pub connector: String,
    /// Settings as its manifest declares them.
    pub settings: BTreeMap<String, String>,
    /// Secrets as its manifest declares them.
    pub secrets: BTreeMap<String, SecretText>,
    /// What it is granted beyond the public internet.
    pub network: Vec<String>,
    /// The human who answers for it; the caller where none is named.
    pub owner: Option<Name>,
}

/// A change of a target.
#[derive(Clone, Default)]
pub struct TargetChange {
    /// All settings anew.
    pub settings: Option<BTreeMap<String, String>>,
    /// Secrets to set.
    pub secrets: BTreeMap<String, SecretText>,
    /// All network grants anew.
    pub network: Option<Vec<String>>,
    /// The connector for new holdings.
    pub connector: Option<Digest>,
    /// Its environment: what policy is asked about from now on.
    pub environment: Option<Name>,
}

/// A principal's name inside a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Whose.
    pub principal: PrincipalId,
    /// Where.
    pub target: TargetId,
    /// The name there.
    pub account: String,
}

/// Something that can be asked for.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Where.
    pub target: TargetId,
    /// Its name.
    pub target_name: Name,
    /// Its environment.
    pub environment: Name,
    /// What.
    pub entitlement: EntitlementFacts,
}

/// A request that is to be submitted.
#[derive(Debug, Clone)]
pub struct NewRequest {
    /// Name of the target.
    pub target: Name,
    /// Which kind of access.
    pub entitlement: String,
    /// On what: `kind:name/kind:name`.
    pub resource: String,
    /// With which parameters.
    pub parameters: Parameters,
    /// For how long, in milliseconds.
    pub duration_ms: Millis,
    /// Why.
    pub justification: Option<String>,
}

/// A verdict that is to be given.
#[derive(Debug, Clone)]
pub struct NewVerdict {
    /// Yes or no.
    pub verdict: Verdict,
    /// Yes, for this long only.
    pub narrowed_ms: Option<Millis>,
    /// Why.
    pub reason: Option<String>,
}

/// Which requests to list.
#[derive(Debug, Clone, Default)]
pub struct RequestFilter {
    /// Only in this state.
    pub state: Option<String>,
    /// Only the caller's own.
    pub mine: bool,
}

/// A trial of a connector at a target.
#[derive(Debug, Clone)]
pub struct NewTrial {
    /// Where: a target in the environment `sandbox` or `test`, by name.
    pub target: Name,
    /// What is applied and taken away; empty: the sample wishes of the connector's fixture.
    pub wishes: Vec<TrialWish>,
}

/// Which grants to list.
#[derive(Debug, Clone, Default)]
pub struct GrantFilter {
    /// Only those of this principal.
    pub principal: Option<PrincipalId>,
    /// Only those that have not ended.
    pub live: bool,
}

/// Which events to list.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Only those of this aggregate.
    pub subject: Option<String>,
    /// Only those of this grant.
    pub grant: Option<GrantId>,
    /// Only those of this request.
    pub request: Option<RequestId>,
}

/// A request with what a reader wants to know beside it.
#[derive(Debug, Clone)]
pub struct RequestView {
    /// The request.
    pub request: Request,
    /// Name of the requester.
    pub requester_name: Name,
    /// Name of the target, where access is asked for.
    pub target_name: Option<Name>,
    /// Name and version of the connector whose permissions are asked for.
    pub connector: Option<(String, String)>,
    /// Verdicts so far.
    pub approvals: Vec<Approval>,
    /// The grant that came of it.
    pub grant: Option<GrantId>,
    /// What keeps it from going on. Looked up for one request, not for lists.
    pub held_back: Vec<HeldBack>,
}

/// What policy would say, and what would hold the access back all the same.
#[derive(Debug, Clone)]
pub struct Explained {
    /// What policy would say.
    pub explanation: hallpass_policy::Explanation,
    /// What would hold it back.
    pub held_back: Vec<HeldBack>,
}

/// A grant with what a reader wants to know beside it.
#[derive(Debug, Clone)]
pub struct GrantView {
    /// The grant.
    pub grant: Grant,
    /// Name of its holder.
    pub principal_name: Name,
    /// Name of the target.
    pub target_name: Name,
    /// It should be gone and is not.
    pub overdue: bool,
    /// Whether a credential waits.
    pub credential: Option<CredentialState>,
    /// The mark in the target.
    pub stamp: Stamp,
    /// The account that gained access (mode access).
    pub account: Option<String>,
}

/// Who can open a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealedFor {
    /// Only its recipient.
    Recipient,
    /// The broker opened it for a principal without a recipient key.
    Broker,
}

/// A credential, handed out once.
pub struct PickedUp {
    /// Of which grant.
    pub grant: GrantId,
    /// Who can open it.
    pub sealed_for: SealedFor,
    /// HPKE ciphertext for the recipient key, `info` = the grant's id.
    pub sealed: Option<Vec<u8>>,
    /// The credential itself, where the principal has no recipient key.
    pub clear: Option<SecretText>,
}

/// A pass that was just minted.
pub struct MintedPass {
    /// The pass.
    pub pass: SecretText,
    /// When it ends.
    pub expires: Timestamp,
    /// What revocation names it by; safe to log.
    pub revocation_ids: Vec<String>,
}

/// An event of the log.
#[derive(Debug, Clone)]
pub struct EventView {
    /// Its place in the store; a cursor.
    pub seq: i64,
    /// Its index in the log, once it has one.
    pub index: Option<u64>,
    /// Its id.
    pub id: EventId,
    /// What happened.
    pub kind: String,
    /// When.
    pub at: Timestamp,
    /// Its leaf.
    pub leaf: serde_json::Value,
}

/// Whether this node should get traffic.
#[derive(Debug, Clone, Default)]
pub struct Readiness {
    /// Nothing is wrong.
    pub ready: bool,
    /// What is wrong.
    pub problems: Vec<String>,
}
