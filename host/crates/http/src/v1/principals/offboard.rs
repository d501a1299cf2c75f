//! Ends all that a principal holds, for good.

use axum::Json;
use axum::extract::State;
use hallpass_domain::ids::PrincipalId;

use super::Principal;
use crate::app::App;
use crate::extract::{Caller, OrDefault, Place};
use crate::problem::Problem;
use crate::shape::Nothing;

/// Offboard a principal
///
/// Its sessions end, what it holds is taken away, what it owns stops. There is no way back.
#[utoipa::path(
    post, path = "/v1/principals/{id}/offboard", tag = "principals", operation_id = "offboard_principal",
    params(("id" = String, Path, description = "The principal")),
    responses((status = 200, description = "The principal, offboarded", body = Principal)),
    extensions(("x-hallpass-action" = json!("principal.offboard")))
)]
pub(crate) async fn offboard(
    State(app): State<App>,
    Caller(ctx): Caller,
    Place(id): Place<PrincipalId>,
    OrDefault(Nothing {}): OrDefault<Nothing>,
) -> Result<Json<Principal>, Problem> {
    Ok(Json(app.broker.offboard_principal(&ctx, &id).await?.into()))
}
