//! Shows the newest signed checkpoint.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use crate::app::App;
use crate::extract::Caller;
use crate::problem::Problem;

/// Show the newest checkpoint
///
/// A signed note (C2SP tlog-checkpoint). Keep it elsewhere: a log that is rewritten later does not fit it.
#[utoipa::path(
    get, path = "/v1/audit/checkpoint", tag = "audit", operation_id = "show_checkpoint",
    responses((status = 200, description = "The signed note", body = String, content_type = "text/plain")),
    extensions(("x-hallpass-action" = json!("audit.read")))
)]
pub(crate) async fn checkpoint(State(app): State<App>, Caller(ctx): Caller) -> Result<impl IntoResponse, Problem> {
    let note = app.broker.checkpoint(&ctx).await?.ok_or_else(|| Problem::NotFound { noun: "checkpoint", id: "of an empty log".into() })?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], note))
}
