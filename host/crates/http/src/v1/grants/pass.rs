//! Mints a pass for a grant.

use axum::Json;
use axum::extract::State;
use hallpass_domain::ids::GrantId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::extract::{Caller, OrDefault, Place};
use crate::problem::Problem;
use crate::shape::{Instant, SecretOutput};

/// What a pass shall be for.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPass {
    /// Who shall accept it; the broker itself where nobody is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "https://tickets.example")]
    pub audience: Option<String>,
}

/// A pass that was just minted.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Pass {
    /// The pass. Whoever has it can use it: keep it secret.
    pub pass: SecretOutput,
    /// When it ends.
    pub expires: Instant,
    /// What revocation names it by; these may be logged.
    pub revocation_ids: Vec<String>,
}

/// Mint a pass
///
/// A Biscuit that says what its bearer may do, for whoever checks it without asking the broker.
#[utoipa::path(
    post, path = "/v1/grants/{id}/pass", tag = "grants", operation_id = "mint_pass",
    params(("id" = String, Path, description = "The grant")),
    request_body = Option<NewPass>,
    responses((status = 200, description = "The pass", body = Pass)),
    extensions(("x-hallpass-action" = json!("pass.mint")))
)]
pub(crate) async fn pass(
    State(app): State<App>,
    Caller(ctx): Caller,
    Place(id): Place<GrantId>,
    OrDefault(new): OrDefault<NewPass>,
) -> Result<Json<Pass>, Problem> {
    let minted = app.broker.mint_pass(&ctx, &id, new.audience).await?;
    Ok(Json(Pass { pass: SecretOutput(minted.pass), expires: minted.expires.into(), revocation_ids: minted.revocation_ids }))
}
