//! Lists groups.

use axum::Json;
use axum::extract::State;

use super::Group;
use crate::app::App;
use crate::extract::{Caller, Query};
use crate::problem::Problem;
use crate::shape::{List, Nothing};

/// List groups
#[utoipa::path(
    get, path = "/v1/groups", tag = "groups", operation_id = "list_groups",
    responses((status = 200, description = "The groups", body = List<Group>)),
    extensions(("x-hallpass-action" = json!("group.read")))
)]
pub(crate) async fn list(
    State(app): State<App>,
    Caller(ctx): Caller,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Json<List<Group>>, Problem> {
    Ok(Json(List::whole(app.broker.groups(&ctx).await?.into_iter().map(Group::from))))
}
