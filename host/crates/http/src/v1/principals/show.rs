//! Shows one principal.

use axum::Json;
use axum::extract::State;
use hallpass_domain::ids::PrincipalId;

use super::Principal;
use crate::app::App;
use crate::extract::{Caller, Place};
use crate::problem::Problem;

/// Show a principal
#[utoipa::path(
    get, path = "/v1/principals/{id}", tag = "principals", operation_id = "show_principal",
    params(("id" = String, Path, description = "The principal")),
    responses((status = 200, description = "The principal", body = Principal)),
    extensions(("x-hallpass-action" = json!("principal.read")))
)]
pub(crate) async fn show(State(app): State<App>, Caller(ctx): Caller, Place(id): Place<PrincipalId>) -> Result<Json<Principal>, Problem> {
    Ok(Json(app.broker.principal(&ctx, &id).await?.into()))
}
