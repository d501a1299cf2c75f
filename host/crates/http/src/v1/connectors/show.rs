//! Shows one connector.

use axum::Json;
use axum::extract::State;
use hallpass_domain::ids::Digest;

use super::Connector;
use crate::app::App;
use crate::extract::{Caller, Place};
use crate::problem::Problem;

/// Show a connector
#[utoipa::path(
    get, path = "/v1/connectors/{digest}", tag = "connectors", operation_id = "show_connector",
    params(("digest" = String, Path, description = "Digest of its file: `sha256:` and 64 hexadecimal digits")),
    responses((status = 200, description = "The connector", body = Connector)),
    extensions(("x-hallpass-action" = json!("connector.read")))
)]
pub(crate) async fn show(State(app): State<App>, Caller(ctx): Caller, Place(digest): Place<Digest>) -> Result<Json<Connector>, Problem> {
    Ok(Json(app.broker.connector(&ctx, &digest).await?.into()))
}
