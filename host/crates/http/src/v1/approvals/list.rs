//! The inbox: pending requests that the caller may decide.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::app::App;
use crate::extract::{Caller, Query, page};
use crate::problem::Problem;
use crate::shape::List;
use crate::v1::requests::Request;

/// Which part of the inbox.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InboxQuery {
    /// The id after which the part begins: `next` of the part before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// How many at most, 1 to 500; 100 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
}

/// List the requests that wait for the caller's verdict
#[utoipa::path(
    get, path = "/v1/approvals", tag = "approvals", operation_id = "list_inbox",
    params(InboxQuery),
    responses((status = 200, description = "A part of the inbox", body = List<Request>)),
    extensions(("x-hallpass-action" = json!("request.read")))
)]
pub(crate) async fn list(
    State(app): State<App>,
    Caller(ctx): Caller,
    Query(query): Query<InboxQuery>,
) -> Result<Json<List<Request>>, Problem> {
    let page = page(query.after, query.limit)?;
    let found = app.broker.inbox(&ctx, page).await?;
    Ok(Json(found.into()))
}
