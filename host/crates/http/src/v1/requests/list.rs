//! Lists requests.

use axum::Json;
use axum::extract::State;
use hallpass_broker::RequestFilter;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::Request;
use crate::app::App;
use crate::extract::{Caller, Query, page};
use crate::problem::Problem;
use crate::shape::{List, words};

/// Which requests, and which part of the list.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RequestQuery {
    /// Only in this state.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(schema_with = words::request_state, required = false)]
    pub state: Option<String>,
    /// Only the caller's own.
    #[serde(default)]
    pub mine: bool,
    /// The id after which the part begins: `next` of the part before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// How many at most, 1 to 500; 100 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
}

/// List requests
///
/// Those that the caller may see: an operator all of them, everybody else their own and those of the agents and workloads that they own.
#[utoipa::path(
    get, path = "/v1/requests", tag = "requests", operation_id = "list_requests",
    params(RequestQuery),
    responses((status = 200, description = "A part of the list", body = List<Request>)),
    extensions(("x-hallpass-action" = json!("request.read")))
)]
pub(crate) async fn list(
    State(app): State<App>,
    Caller(ctx): Caller,
    Query(query): Query<RequestQuery>,
) -> Result<Json<List<Request>>, Problem> {
    if query.state.as_deref().is_some_and(|state| !words::REQUEST_STATES.contains(&state)) {
        let known = words::REQUEST_STATES.join(", ");
        return Err(Problem::WrongQuery { reason: format!("state must be one of: {known}") });
    }
    let page = page(query.after, query.limit)?;
    let found = app.broker.requests(&ctx, RequestFilter { state: query.state, mine: query.mine }, page).await?;
    Ok(Json(found.into()))
}
