//! Asks the connector whether a target can be used.

use axum::Json;
use axum::extract::State;
use hallpass_domain::ids::TargetId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::extract::{Caller, OrDefault, Place};
use crate::problem::Problem;
use crate::shape::Nothing;

/// What a check found: a target that cannot be used is a problem of type `target-failed` instead.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TargetHealth {
    /// The target.
    #[schema(value_type = String)]
    pub target: TargetId,
    /// It answers, and the broker's own account may do what the connector needs.
    pub usable: bool,
}

/// Check a target
///
/// Connects to it with the broker's own account and changes nothing.
#[utoipa::path(
    post, path = "/v1/targets/{id}/check", tag = "targets", operation_id = "check_target",
    params(("id" = String, Path, description = "The target")),
    responses(
        (status = 200, description = "It can be used", body = TargetHealth),
        (status = 424, description = "It cannot, and why", body = crate::ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-hallpass-action" = json!("target.configure")))
)]
pub(crate) async fn check(
    State(app): State<App>,
    Caller(ctx): Caller,
    Place(id): Place<TargetId>,
    OrDefault(Nothing {}): OrDefault<Nothing>,
) -> Result<Json<TargetHealth>, Problem> {
    app.broker.check_target(&ctx, &id).await?;
    Ok(Json(TargetHealth { target: id, usable: true }))
}
