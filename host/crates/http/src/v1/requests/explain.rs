//! Says what policy would answer, and why.

use axum::Json;
use axum::extract::State;
use hallpass_policy as policy;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Stage;
use super::submit::NewRequest;
use crate::app::App;
use crate::extract::{Caller, Strict};
use crate::problem::Problem;
use crate::shape::HeldBack;

/// What policy would answer, and why.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    /// Whether it may be asked for.
    pub allowed: bool,
    /// Nobody needs to approve.
    pub auto: bool,
    /// Who must approve, in this order.
    pub stages: Vec<Stage>,
    /// The longest time it may be asked for, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_ms: Option<u64>,
    /// Whether a justification is needed.
    pub justification_required: bool,
    /// Why not, where it may not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The policies that decided.
    pub decided_by: Vec<String>,
    /// Every policy about it, those that apply and those that do not.
    pub policies: Vec<ExplainedPolicy>,
    /// The revision of the policy set.
    pub revision: String,
    /// What would hold the access back whatever policy says: no account in the target, a target that does not answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held_back: Vec<HeldBack>,
}

/// One policy in one question.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ExplainedPolicy {
    /// Its id.
    pub id: String,
    /// `request` or `auto_approve`.
    pub action: String,
    /// `permit` or `forbid`.
    pub effect: String,
    /// Its file.
    pub file: String,
    /// Its line in it.
    pub line: usize,
    /// Whether it applies.
    pub applies: bool,
    /// Why nobody can say whether it applies: then the answer is no.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// The route that it asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// The longest time that it allows, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_ms: Option<u64>,
    /// Whether it asks for a justification.
    pub justification_required: bool,
    /// What it says for itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl From<policy::Explained> for ExplainedPolicy {
    fn from(e: policy::Explained) -> Self {
        let effect = match e.effect {
            policy::Effect::Permit => "permit",
            policy::Effect::Forbid => "forbid",
        };
        let (applies, failure) = match e.matched {
            policy::Matched::Yes => (true, None),
            policy::Matched::No => (false, None),
            policy::Matched::Failed(why) => (false, Some(why)),
        };
        Self {
            id: e.id,
            action: e.action.to_string(),
            effect: effect.into(),
            file: e.file,
            line: e.line,
            applies,
            failure,
            route: e.asks.route,
            max_ms: e.asks.max_ms,
            justification_required: e.asks.justification_required,
            reason: e.reason,
        }
    }
}

impl From<hallpass_broker::Explained> for Explanation {
    fn from(e: hallpass_broker::Explained) -> Self {
        Self { held_back: e.held_back.into_iter().map(HeldBack::from).collect(), ..e.explanation.into() }
    }
}

impl From<policy::Explanation> for Explanation {
    fn from(e: policy::Explanation) -> Self {
        let policies = e.policies.into_iter().map(ExplainedPolicy::from).collect();
        match e.decision {
            policy::Decision::Denied(denied) => Self {
                allowed: false,
                auto: false,
                stages: Vec::new(),
                max_ms: None,
                justification_required: false,
                reason: Some(denied.reason),
                decided_by: denied.policies,
                policies,
                revision: denied.revision,
                held_back: Vec::new(),
            },
            policy::Decision::Allowed(allowed) => Self {
                allowed: true,
                auto: allowed.auto,
                stages: allowed.stages.into_iter().map(Stage::from).collect(),
                max_ms: allowed.max_ms,
                justification_required: allowed.justification_required,
                reason: None,
                decided_by: allowed.policies.into_iter().map(|p| p.id).collect(),
                policies,
                revision: allowed.revision,
                held_back: Vec::new(),
            },
        }
    }
}

/// Explain what policy would answer
///
/// Asks the same question as a submission and changes nothing. Says also what would hold the access back whatever policy says.
#[utoipa::path(
    post, path = "/v1/requests/explain", tag = "requests", operation_id = "explain_request",
    request_body = NewRequest,
    responses((status = 200, description = "The answer and its reasons", body = Explanation)),
    extensions(("x-hallpass-action" = json!("request")))
)]
pub(crate) async fn explain(
    State(app): State<App>,
    Caller(ctx): Caller,
    Strict(new): Strict<NewRequest>,
) -> Result<Json<Explanation>, Problem> {
    Ok(Json(app.broker.explain(&ctx, new.into()).await?.into()))
}
