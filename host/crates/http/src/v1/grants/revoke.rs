//! Takes a grant away.

use axum::Json;
use axum::extract::State;
use hallpass_domain::ids::GrantId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Grant;
use crate::app::App;
use crate::extract::{Caller, OrDefault, Place};
use crate::problem::Problem;

/// Why a grant is taken away.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Revoke a grant
///
/// The answer comes before the access is gone: the grant is `ending` until its absence was seen in the target.
#[utoipa::path(
    post, path = "/v1/grants/{id}/revoke", tag = "grants", operation_id = "revoke_grant",
    params(("id" = String, Path, description = "The grant")),
    request_body = Option<Revocation>,
    responses((status = 200, description = "The grant", body = Grant)),
    extensions(("x-hallpass-action" = json!("grant.revoke")))
)]
pub(crate) async fn revoke(
    State(app): State<App>,
    Caller(ctx): Caller,
    Place(id): Place<GrantId>,
    OrDefault(revocation): OrDefault<Revocation>,
) -> Result<Json<Grant>, Problem> {
    Ok(Json(app.broker.revoke(&ctx, &id, revocation.reason).await?.into()))
}
