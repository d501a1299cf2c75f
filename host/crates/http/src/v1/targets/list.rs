//! Lists targets.

use axum::Json;
use axum::extract::State;

use super::{Target, shown};
use crate::app::App;
use crate::extract::{Caller, Query};
use crate::problem::Problem;
use crate::shape::{List, Nothing};

/// List targets
#[utoipa::path(
    get, path = "/v1/targets", tag = "targets", operation_id = "list_targets",
    responses((status = 200, description = "The targets", body = List<Target>)),
    extensions(("x-hallpass-action" = json!("target.read")))
)]
pub(crate) async fn list(
    State(app): State<App>,
    Caller(ctx): Caller,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Json<List<Target>>, Problem> {
    let mut targets = Vec::new();
    for target in app.broker.targets(&ctx).await? {
        targets.push(shown(&app, target).await?);
    }
    Ok(Json(List::whole(targets)))
}
