//! Lists principals.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::Principal;
use crate::app::App;
use crate::extract::{Caller, Query, page};
use crate::problem::Problem;
use crate::shape::List;

/// Which part of the list.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PrincipalQuery {
    /// The id after which the part begins: `next` of the part before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// How many at most, 1 to 500; 100 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
}

/// List principals
#[utoipa::path(
    get, path = "/v1/principals", tag = "principals", operation_id = "list_principals",
    params(PrincipalQuery),
    responses((status = 200, description = "A part of the list", body = List<Principal>)),
    extensions(("x-hallpass-action" = json!("principal.read")))
)]
pub(crate) async fn list(
    State(app): State<App>,
    Caller(ctx): Caller,
    Query(query): Query<PrincipalQuery>,
) -> Result<Json<List<Principal>>, Problem> {
    let page = page(query.after, query.limit)?;
    let found = app.broker.principals(&ctx, page).await?;
    Ok(Json(found.into()))
}
