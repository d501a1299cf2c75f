//! Gives a grant back.

use axum::Json;
use axum::extract::State;
use hallpass_domain::ids::GrantId;

use super::Grant;
use crate::app::App;
use crate::extract::{Caller, OrDefault, Place};
use crate::problem::Problem;
use crate::shape::Nothing;

/// Release a grant
///
/// Its holder is done with it before its end.
#[utoipa::path(
    post, path = "/v1/grants/{id}/release", tag = "grants", operation_id = "release_grant",
    params(("id" = String, Path, description = "The grant")),
    responses((status = 200, description = "The grant", body = Grant)),
    extensions(("x-hallpass-action" = json!("grant.release")))
)]
pub(crate) async fn release(
    State(app): State<App>,
    Caller(ctx): Caller,
    Place(id): Place<GrantId>,
    OrDefault(Nothing {}): OrDefault<Nothing>,
) -> Result<Json<Grant>, Problem> {
    Ok(Json(app.broker.release(&ctx, &id).await?.into()))
}
