//! `/healthz` and `/readyz`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;

/// Whether the process lives
///
/// Says nothing about what it can do: that is `/readyz`.
#[utoipa::path(
    get, path = "/healthz", tag = "operation", operation_id = "healthz",
    responses((status = 200, description = "It lives", body = String, content_type = "text/plain")),
    extensions(("x-hallpass-action" = json!("public")))
)]
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether this node should get traffic.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Readiness {
    /// Nothing is wrong.
    pub ready: bool,
    /// What is wrong, one sentence each.
    pub problems: Vec<String>,
}

/// Whether this node should get traffic
#[utoipa::path(
    get, path = "/readyz", tag = "operation", operation_id = "readyz",
    responses(
        (status = 200, description = "It should", body = Readiness),
        (status = 503, description = "It should not, and why", body = Readiness),
    ),
    extensions(("x-hallpass-action" = json!("public")))
)]
pub(crate) async fn readyz(State(app): State<App>) -> Response {
    let readiness = app.broker.readiness().await;
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready: readiness.ready, problems: readiness.problems })).into_response()
}
