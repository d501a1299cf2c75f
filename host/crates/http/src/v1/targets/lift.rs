//! Lets a target's calls to its connector go on.

use axum::Json;
use axum::extract::State;
use hallpass_domain::ids::TargetId;

use super::{Target, shown_whole};
use crate::app::App;
use crate::extract::{Caller, OrDefault, Place};
use crate::problem::Problem;
use crate::shape::Nothing;

/// Lift a target's quarantine
///
/// After some broken rules in a row, a target's calls to a version of its connector stop. This lets them go on.
#[utoipa::path(
    post, path = "/v1/targets/{id}/lift", tag = "targets", operation_id = "lift_quarantine",
    params(("id" = String, Path, description = "The target")),
    responses((status = 200, description = "The target", body = Target)),
    extensions(("x-hallpass-action" = json!("target.configure")))
)]
pub(crate) async fn lift(
    State(app): State<App>,
    Caller(ctx): Caller,
    Place(id): Place<TargetId>,
    OrDefault(Nothing {}): OrDefault<Nothing>,
) -> Result<Json<Target>, Problem> {
    app.broker.lift_quarantine(&ctx, &id).await?;
    let target = app.broker.target(&ctx, &id).await?;
    Ok(Json(shown_whole(&app, target).await?))
}
