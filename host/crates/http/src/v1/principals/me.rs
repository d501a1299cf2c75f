//! Shows the caller.

use axum::Json;
use axum::extract::State;

use super::Principal;
use crate::app::App;
use crate::extract::Caller;
use crate::problem::Problem;

/// Show the caller
#[utoipa::path(
    get, path = "/v1/principals/me", tag = "principals", operation_id = "show_me",
    responses((status = 200, description = "Whose token this is", body = Principal)),
    extensions(("x-hallpass-action" = json!("principal.read")))
)]
pub(crate) async fn me(State(app): State<App>, Caller(ctx): Caller) -> Result<Json<Principal>, Problem> {
    Ok(Json(app.broker.me(&ctx).await?.into()))
}
