//! Requests: the asking, and what became of it.

pub(crate) mod explain;
pub(crate) mod list;
pub(crate) mod show;
pub(crate) mod submit;
pub(crate) mod withdraw;

pub use explain::{ExplainedPolicy, Explanation};
pub use list::RequestQuery;
pub use submit::NewRequest;

use std::collections::BTreeMap;

use hallpass_broker::RequestView;
use hallpass_domain::Timestamp;
use hallpass_domain::ids::{Digest, GrantId, PrincipalId, RequestId, TargetId};
use hallpass_domain::name::Name;
use hallpass_domain::request::{Asked, OnTimeout, RequestState, Stage as Stored};
use hallpass_domain::resource::Resource;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::approvals::Approval;
use crate::shape::{HeldBack, Instant, words};

/// One step of a route: who may approve, and how many must.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Stage {
    /// Members of this group may approve.
    #[schema(value_type = String)]
    pub group: Name,
    /// How many different humans must.
    pub n: u32,
    /// How many denials end the request.
    pub denials: u32,
    /// How long the stage may take, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// What then.
    #[schema(schema_with = words::on_timeout)]
    pub on_timeout: OnTimeout,
    /// Who may approve as well once the stage has escalated.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub escalate_to: Option<Name>,
}

impl From<Stored> for Stage {
    fn from(s: Stored) -> Self {
        Self { group: s.group, n: s.n, denials: s.denials, timeout_ms: s.timeout_ms, on_timeout: s.on_timeout, escalate_to: s.escalate_to }
    }
}

/// What a version of a connector asks for, compared with what was granted before.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Permissions {
    /// The version.
    #[schema(value_type = String, example = "sha256:…")]
    pub connector: Digest,
    /// Its name.
    pub name: String,
    /// Its number.
    pub version: String,
    /// What it asks for and was not granted before.
    pub added: Vec<String>,
    /// What was granted before and it does not ask for.
    pub removed: Vec<String>,
}

/// An asking: for access, or for a connector's permissions.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Request {
    /// Its id.
    #[schema(value_type = String, example = "rq_01j00000000000000000000000")]
    pub id: RequestId,
    /// Who asks, and who gets it.
    #[schema(value_type = String)]
    pub requester: PrincipalId,
    /// The requester's name.
    #[schema(value_type = String)]
    pub requester_name: Name,
    /// Where. Absent where a connector's permissions are asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub target: Option<TargetId>,
    /// The target's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub target_name: Option<Name>,
    /// Which kind of access.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entitlement: Option<String>,
    /// On what: `kind:name/kind:name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "database:shop/schema:sales")]
    pub resource: Option<Resource>,
    /// With which parameters, as they were sent. Untrusted text where the entitlement takes any.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// The version of a connector whose permissions are asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Permissions>,
    /// For how long it was asked, in milliseconds.
    pub duration_ms: u64,
    /// What is approved so far, in milliseconds: the asked time or the shortest narrowing.
    pub approved_ms: u64,
    /// Why, in the requester's words. Untrusted text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub justification: Option<String>,
    /// Where it stands.
    #[schema(schema_with = words::request_state)]
    pub state: String,
    /// Since when it stands there.
    pub since: Instant,
    /// The stage that is open, from 0; only while it is pending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<u32>,
    /// Every stage, frozen at submission.
    pub stages: Vec<Stage>,
    /// Verdicts so far.
    pub approvals: Vec<Approval>,
    /// The grant that came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub grant: Option<GrantId>,
    /// What keeps it, or its grant, from going on. Looked up for one request, not for lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held_back: Vec<HeldBack>,
    /// The policies that decided.
    pub policies: Vec<String>,
    /// The revision of the policy set that decided.
    pub policy_revision: String,
    /// When it was submitted.
    pub created: Instant,
    /// When it lapses if nobody decides.
    pub expires: Instant,
}

impl From<RequestView> for Request {
    fn from(view: RequestView) -> Self {
        let r = view.request;
        let (stage, since) = standing(r.state);
        let duration_ms = r.ask.duration_ms();
        let justification = r.ask.justification().cloned();
        let (access, permissions) = match r.ask {
            Asked::Access(ask) => (Some(ask), None),
            Asked::Permissions(ask) => (None, Some(ask)),
        };
        let (name, version) = view.connector.unwrap_or_default();
        Self {
            id: r.id,
            requester: r.requester,
            requester_name: view.requester_name,
            target: access.as_ref().map(|ask| ask.target.clone()),
            target_name: view.target_name,
            entitlement: access.as_ref().map(|ask| ask.entitlement.clone()),
            resource: access.as_ref().map(|ask| ask.resource.clone()),
            parameters: access.map(|ask| ask.parameters).unwrap_or_default(),
            permissions: permissions.map(|ask| Permissions {
                connector: ask.connector,
                name,
                version,
                added: ask.diff.added,
                removed: ask.diff.removed,
            }),
            duration_ms,
            approved_ms: r.approved_ms,
            justification,
            state: r.state.as_str().to_owned(),
            since: since.into(),
            stage,
            stages: r.stages.into_iter().map(Stage::from).collect(),
            approvals: view.approvals.into_iter().map(Approval::from).collect(),
            grant: view.grant,
            held_back: view.held_back.into_iter().map(HeldBack::from).collect(),
            policies: r.policies,
            policy_revision: r.policy_revision,
            created: r.created.into(),
            expires: r.expires.into(),
        }
    }
}

const fn standing(state: RequestState) -> (Option<u32>, Timestamp) {
    match state {
        RequestState::Pending { stage, since } => (Some(stage), since),
        RequestState::Approved { at } | RequestState::Denied { at } | RequestState::Withdrawn { at } | RequestState::Lapsed { at } => {
            (None, at)
        }
    }
}
