//! Removes a target.

use axum::Json;
use axum::extract::State;
use hallpass_domain::ids::TargetId;

use super::Target;
use crate::app::App;
use crate::extract::{Caller, OrDefault, Place};
use crate::problem::Problem;
use crate::shape::Nothing;

/// Remove a target
///
/// For good: its name may be used again, its secrets are erased, and what happened in it stays readable. Refused while a grant, a request
/// or an operation in it has not ended.
#[utoipa::path(
    delete, path = "/v1/targets/{id}", tag = "targets", operation_id = "remove_target",
    params(("id" = String, Path, description = "The target")),
    responses(
        (status = 200, description = "The target, which is gone", body = Target),
        (status = 409, description = "Something in it has not ended; the detail names it", body = crate::ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-hallpass-action" = json!("target.remove")))
)]
pub(crate) async fn remove(
    State(app): State<App>,
    Caller(ctx): Caller,
    Place(id): Place<TargetId>,
    OrDefault(Nothing {}): OrDefault<Nothing>,
) -> Result<Json<Target>, Problem> {
    Ok(Json(app.broker.remove_target(&ctx, &id).await?.into()))
}
