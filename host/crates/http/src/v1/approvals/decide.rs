//! Gives a verdict.

use axum::Json;
use axum::extract::State;
use hallpass_domain::ids::RequestId;
use hallpass_domain::request::Verdict;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::extract::{Caller, Place, Strict};
use crate::problem::Problem;
use crate::shape::words;
use crate::v1::requests::Request;

/// A verdict that is to be given.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVerdict {
    /// Yes or no.
    #[schema(schema_with = words::verdict)]
    pub verdict: Verdict,
    /// Yes, for this long only, in milliseconds. Never longer than what was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub narrowed_ms: Option<u64>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Approve or deny a request
///
/// In the stage that is open. Nobody approves for themselves; one human counts once.
#[utoipa::path(
    post, path = "/v1/requests/{id}/approvals", tag = "approvals", operation_id = "decide_request",
    params(("id" = String, Path, description = "The request")),
    request_body = NewVerdict,
    responses((status = 200, description = "The request with the verdict", body = Request)),
    extensions(("x-hallpass-action" = json!("approve")))
)]
pub(crate) async fn decide(
    State(app): State<App>,
    Caller(ctx): Caller,
    Place(id): Place<RequestId>,
    Strict(new): Strict<NewVerdict>,
) -> Result<Json<Request>, Problem> {
    let verdict = hallpass_broker::NewVerdict { verdict: new.verdict, narrowed_ms: new.narrowed_ms, reason: new.reason };
    Ok(Json(app.broker.decide(&ctx, &id, verdict).await?.into()))
}
