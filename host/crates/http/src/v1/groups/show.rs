//! Shows one group.

use axum::Json;
use axum::extract::State;
use hallpass_domain::name::Name;

use super::Group;
use crate::app::App;
use crate::extract::{Caller, Place};
use crate::problem::Problem;

/// Show a group
#[utoipa::path(
    get, path = "/v1/groups/{name}", tag = "groups", operation_id = "show_group",
    params(("name" = String, Path, description = "The group")),
    responses((status = 200, description = "The group", body = Group)),
    extensions(("x-hallpass-action" = json!("group.read")))
)]
pub(crate) async fn show(State(app): State<App>, Caller(ctx): Caller, Place(name): Place<Name>) -> Result<Json<Group>, Problem> {
    Ok(Json(app.broker.group(&ctx, &name).await?.into()))
}
