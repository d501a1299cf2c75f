//! Shows one request.

use axum::Json;
use axum::extract::State;
use hallpass_domain::ids::RequestId;

use super::Request;
use crate::app::App;
use crate::extract::{Caller, Place};
use crate::problem::Problem;

/// Show a request
#[utoipa::path(
    get, path = "/v1/requests/{id}", tag = "requests", operation_id = "show_request",
    params(("id" = String, Path, description = "The request")),
    responses((status = 200, description = "The request", body = Request)),
    extensions(("x-hallpass-action" = json!("request.read")))
)]
pub(crate) async fn show(State(app): State<App>, Caller(ctx): Caller, Place(id): Place<RequestId>) -> Result<Json<Request>, Problem> {
    Ok(Json(app.broker.request(&ctx, &id).await?.into()))
}
