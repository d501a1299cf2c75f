//! Lists grants.

use axum::Json;
use axum::extract::State;
use hallpass_broker::GrantFilter;
use hallpass_domain::ids::PrincipalId;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::Grant;
use crate::app::App;
use crate::extract::{Caller, Query, page};
use crate::problem::Problem;
use crate::shape::List;

/// Which grants, and which part of the list.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GrantQuery {
    /// Only those of this principal.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    pub principal: Option<PrincipalId>,
    /// Only those that have not ended.
    #[serde(default)]
    pub live: bool,
    /// The id after which the part begins: `next` of the part before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// How many at most, 1 to 500; 100 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
}

/// List grants
///
/// Those that the caller may see: an operator all of them, everybody else their own and those of the agents and workloads that they own.
#[utoipa::path(
    get, path = "/v1/grants", tag = "grants", operation_id = "list_grants",
    params(GrantQuery),
    responses((status = 200, description = "A part of the list", body = List<Grant>)),
    extensions(("x-hallpass-action" = json!("grant.read")))
)]
pub(crate) async fn list(
    State(app): State<App>,
    Caller(ctx): Caller,
    Query(query): Query<GrantQuery>,
) -> Result<Json<List<Grant>>, Problem> {
    let page = page(query.after, query.limit)?;
    let found = app.broker.grants(&ctx, GrantFilter { principal: query.principal, live: query.live }, page).await?;
    Ok(Json(found.into()))
}
