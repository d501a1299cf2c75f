//! Lists what can be asked for.

use axum::Json;
use axum::extract::State;

use super::Offer;
use crate::app::App;
use crate::extract::{Caller, Query};
use crate::problem::Problem;
use crate::shape::{List, Nothing};

/// List what can be asked for
#[utoipa::path(
    get, path = "/v1/entitlements", tag = "entitlements", operation_id = "list_entitlements",
    responses((status = 200, description = "Entitlements of every target", body = List<Offer>)),
    extensions(("x-hallpass-action" = json!("entitlement.read")))
)]
pub(crate) async fn list(
    State(app): State<App>,
    Caller(ctx): Caller,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Json<List<Offer>>, Problem> {
    Ok(Json(List::whole(app.broker.entitlements(&ctx).await?.into_iter().map(Offer::from))))
}
