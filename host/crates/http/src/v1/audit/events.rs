//! Lists events.

use axum::Json;
use axum::extract::State;
use hallpass_broker::EventFilter;
use hallpass_domain::ids::{GrantId, RequestId};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::Event;
use crate::app::App;
use crate::extract::{Caller, Query, page};
use crate::problem::Problem;
use crate::shape::List;

/// Which events, and which part of the list.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventQuery {
    /// Only those of the thing with this id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Only those of this grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    pub grant: Option<GrantId>,
    /// Only those of this request.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    pub request: Option<RequestId>,
    /// The `seq` after which the part begins: `next` of the part before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<i64>,
    /// How many at most, 1 to 500; 100 by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
}

/// List events
///
/// In the order in which they were written. Free text is in them as a digest only. Whoever may see a grant may list its events.
#[utoipa::path(
    get, path = "/v1/audit/events", tag = "audit", operation_id = "list_events",
    params(EventQuery),
    responses((status = 200, description = "A part of the list", body = List<Event>)),
    extensions(("x-hallpass-action" = json!("audit.read|grant.read")))
)]
pub(crate) async fn events(
    State(app): State<App>,
    Caller(ctx): Caller,
    Query(query): Query<EventQuery>,
) -> Result<Json<List<Event>>, Problem> {
    let limit = page(None, query.limit)?.limit;
    let filter = EventFilter { subject: query.subject, grant: query.grant, request: query.request };
    let found = app.broker.events(&ctx, filter, query.after, limit).await?;
    Ok(Json(List::part(found.into_iter().map(Event::from), limit, |e| e.seq.to_string())))
}
