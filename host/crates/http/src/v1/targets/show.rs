//! Shows one target.

use axum::Json;
use axum::extract::State;
use hallpass_domain::ids::TargetId;

use super::{Target, shown_whole};
use crate::app::App;
use crate::extract::{Caller, Place};
use crate::problem::Problem;

/// Show a target
#[utoipa::path(
    get, path = "/v1/targets/{id}", tag = "targets", operation_id = "show_target",
    params(("id" = String, Path, description = "The target")),
    responses((status = 200, description = "The target", body = Target)),
    extensions(("x-hallpass-action" = json!("target.read")))
)]
pub(crate) async fn show(State(app): State<App>, Caller(ctx): Caller, Place(id): Place<TargetId>) -> Result<Json<Target>, Problem> {
    let target = app.broker.target(&ctx, &id).await?;
    Ok(Json(shown_whole(&app, target).await?))
}
