//! Asks for access.

use std::collections::BTreeMap;

use axum::extract::State;
use hallpass_domain::name::Name;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Request;
use crate::app::App;
use crate::extract::{Caller, Keyed, body_of};
use crate::problem::Problem;
use crate::shape::{Created, IdempotencyKey, answer, once_each};

/// What is asked for.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRequest {
    /// Name of the target.
    #[schema(value_type = String, example = "shop-prod")]
    pub target: Name,
    /// Which kind of access.
    #[schema(example = "schema.read")]
    pub entitlement: String,
    /// On what: `kind:name/kind:name`.
    #[schema(example = "database:shop/schema:sales")]
    pub resource: String,
    /// What the entitlement takes beside its resource: each parameter that it declares, and no other.
    #[serde(default, deserialize_with = "once_each", skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(example = json!({"level": "read"}))]
    pub parameters: BTreeMap<String, String>,
    /// For how long, in milliseconds. It runs from the moment that the access is there.
    #[schema(minimum = 1, example = 600_000)]
    pub duration_ms: u64,
    /// Why. Approvers read it; policy may require it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<String>,
}

impl From<NewRequest> for hallpass_broker::NewRequest {
    fn from(n: NewRequest) -> Self {
        Self {
            target: n.target,
            entitlement: n.entitlement,
            resource: n.resource,
            parameters: n.parameters,
            duration_ms: n.duration_ms,
            justification: n.justification,
        }
    }
}

/// Ask for access
///
/// Policy answers at once: no, yes, or who must approve.
#[utoipa::path(
    post, path = "/v1/requests", tag = "requests", operation_id = "submit_request",
    params(IdempotencyKey),
    request_body = NewRequest,
    responses((status = 201, description = "Submitted", body = Request)),
    extensions(("x-hallpass-action" = json!("request")))
)]
pub(crate) async fn submit(
    State(app): State<App>,
    Caller(ctx): Caller,
    Keyed(key, new): Keyed<NewRequest>,
) -> Result<Created<Request>, Problem> {
    let body: Request = match key {
        None => app.broker.submit(&ctx, new.into()).await?.into(),
        Some(key) => body_of(app.broker.submit_once(&ctx, new.into(), key.with(&|view| answer::<Request>(view))).await?)?,
    };
    Ok(Created { location: format!("/v1/requests/{}", body.id), body })
}
