//! Shows one grant.

use axum::Json;
use axum::extract::State;
use hallpass_domain::ids::GrantId;

use super::Grant;
use crate::app::App;
use crate::extract::{Caller, Place};
use crate::problem::Problem;

/// Show a grant
#[utoipa::path(
    get, path = "/v1/grants/{id}", tag = "grants", operation_id = "show_grant",
    params(("id" = String, Path, description = "The grant")),
    responses((status = 200, description = "The grant", body = Grant)),
    extensions(("x-hallpass-action" = json!("grant.read")))
)]
pub(crate) async fn show(State(app): State<App>, Caller(ctx): Caller, Place(id): Place<GrantId>) -> Result<Json<Grant>, Problem> {
    Ok(Json(app.broker.grant(&ctx, &id).await?.into()))
}
