//! Lists connectors.

use axum::Json;
use axum::extract::State;

use super::Connector;
use crate::app::App;
use crate::extract::{Caller, Query};
use crate::problem::Problem;
use crate::shape::{List, Nothing};

/// List connectors
#[utoipa::path(
    get, path = "/v1/connectors", tag = "connectors", operation_id = "list_connectors",
    responses((status = 200, description = "The connectors", body = List<Connector>)),
    extensions(("x-hallpass-action" = json!("connector.read")))
)]
pub(crate) async fn list(
    State(app): State<App>,
    Caller(ctx): Caller,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Json<List<Connector>>, Problem> {
    Ok(Json(List::whole(app.broker.connectors(&ctx).await?.into_iter().map(Connector::from))))
}
