//! Loads a connector.

use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hallpass_broker::NewConnector;
use hallpass_domain::ids::Digest;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::Connector;
use crate::app::App;
use crate::extract::{Caller, Query, WasmFile};
use crate::problem::Problem;
use crate::shape::Created;

/// The longest signature file, in bytes.
const MOST_SIGNATURE_BYTES: usize = 16 * 1024;

/// What comes with the file.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LoadQuery {
    /// The text of its `.sig` file, as URL-safe base64 without padding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// `permissions_digest` of the permissions that were read and are accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    pub accept: Option<Digest>,
    /// Load it though a newer version was loaded before. Recorded as such.
    #[serde(default)]
    pub allow_downgrade: bool,
}

/// Load a connector
///
/// The body is the plugin file. Loading what is loaded changes nothing. The first version of a connector can do nothing until
/// somebody accepts what it asks for; a later one gets by itself what it asks for, as long as that is no more than before.
#[utoipa::path(
    post, path = "/v1/connectors", tag = "connectors", operation_id = "load_connector",
    params(LoadQuery),
    request_body(content = Vec<u8>, content_type = "application/wasm", description = "A WebAssembly component"),
    responses((status = 201, description = "Loaded", body = Connector)),
    extensions(("x-hallpass-action" = json!("connector.load")))
)]
pub(crate) async fn load(
    State(app): State<App>,
    Caller(ctx): Caller,
    Query(query): Query<LoadQuery>,
    WasmFile(file): WasmFile,
) -> Result<Created<Connector>, Problem> {
    let signature = query.signature.as_deref().map(signature).transpose()?;
    let new = NewConnector { file: &file, signature: signature.as_deref(), accept: query.accept, allow_downgrade: query.allow_downgrade };
    let row = app.broker.load_connector(&ctx, new).await?;
    Ok(Created { location: format!("/v1/connectors/{}", row.facts.digest), body: row.into() })
}

fn signature(text: &str) -> Result<String, Problem> {
    let wrong =
        || Problem::WrongQuery { reason: "signature must be a .sig file of at most 16 KiB as URL-safe base64 without padding".into() };
    let bytes = URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() <= MOST_SIGNATURE_BYTES).ok_or_else(wrong)?;
    String::from_utf8(bytes).map_err(|_| wrong())
}
