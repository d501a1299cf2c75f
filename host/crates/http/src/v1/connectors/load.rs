//! Loads a connector.

use std::sync::Arc;

use axum::extract::State;

use super::Connector;
use crate::app::App;
use crate::extract::{Caller, WasmFile};
use crate::problem::Problem;
use crate::shape::Created;

/// Load a connector
///
/// The body is the plugin file. Loading what is loaded changes nothing.
#[utoipa::path(
    post, path = "/v1/connectors", tag = "connectors", operation_id = "load_connector",
    request_body(content = Vec<u8>, content_type = "application/wasm", description = "A WebAssembly component"),
    responses((status = 201, description = "Loaded", body = Connector)),
    extensions(("x-hallpass-action" = json!("connector.load")))
)]
pub(crate) async fn load(State(app): State<App>, Caller(ctx): Caller, WasmFile(file): WasmFile) -> Result<Created<Connector>, Problem> {
    let facts = app.broker.load_connector(&ctx, &file).await?;
    Ok(Created { location: format!("/v1/connectors/{}", facts.digest), body: Arc::unwrap_or_clone(facts).into() })
}
