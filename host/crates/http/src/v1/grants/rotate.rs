//! Puts a new secret in place of one that was lost.

use axum::Json;
use axum::extract::State;
use hallpass_domain::ids::GrantId;

use super::Grant;
use crate::app::App;
use crate::extract::{Caller, OrDefault, Place};
use crate::problem::Problem;
use crate::shape::Nothing;

/// Replace the credential of a grant
///
/// The access stays as it is; the old secret stops working and a new one waits to be picked up.
#[utoipa::path(
    post, path = "/v1/grants/{id}/credential/rotate", tag = "grants", operation_id = "rotate_credential",
    params(("id" = String, Path, description = "The grant")),
    responses((status = 200, description = "The grant", body = Grant)),
    extensions(("x-hallpass-action" = json!("credential.pick_up")))
)]
pub(crate) async fn rotate(
    State(app): State<App>,
    Caller(ctx): Caller,
    Place(id): Place<GrantId>,
    OrDefault(Nothing {}): OrDefault<Nothing>,
) -> Result<Json<Grant>, Problem> {
    Ok(Json(app.broker.rotate(&ctx, &id).await?.into()))
}
