//! Takes a request back.

use axum::Json;
use axum::extract::State;
use hallpass_domain::ids::RequestId;

use super::Request;
use crate::app::App;
use crate::extract::{Caller, OrDefault, Place};
use crate::problem::Problem;
use crate::shape::Nothing;

/// Withdraw a request
///
/// While nobody has decided.
#[utoipa::path(
    post, path = "/v1/requests/{id}/withdraw", tag = "requests", operation_id = "withdraw_request",
    params(("id" = String, Path, description = "The request")),
    responses((status = 200, description = "The request, withdrawn", body = Request)),
    extensions(("x-hallpass-action" = json!("request.withdraw")))
)]
pub(crate) async fn withdraw(
    State(app): State<App>,
    Caller(ctx): Caller,
    Place(id): Place<RequestId>,
    OrDefault(Nothing {}): OrDefault<Nothing>,
) -> Result<Json<Request>, Problem> {
    Ok(Json(app.broker.withdraw(&ctx, &id).await?.into()))
}
