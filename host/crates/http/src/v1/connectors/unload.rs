//! Takes a version out of use: when nothing holds it any more, or for good.

use axum::Json;
use axum::extract::State;
use hallpass_broker as broker;
use hallpass_domain::ids::{Digest, HoldingId};
use hallpass_domain::name::Name;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Connector;
use crate::app::App;
use crate::extract::{Caller, OrDefault, Place, Strict};
use crate::problem::Problem;
use crate::shape::Nothing;

/// A version that is to go.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Unloading {
    /// The version.
    pub connector: Connector,
    /// Targets that still use it, by name.
    #[schema(value_type = Vec<String>)]
    pub targets: Vec<Name>,
    /// Holdings that it made and that have not ended.
    #[schema(value_type = Vec<String>)]
    pub holdings: Vec<HoldingId>,
}

impl From<broker::Unloading> for Unloading {
    fn from(u: broker::Unloading) -> Self {
        let targets = u.holders.targets.into_iter().map(|(_, name)| name).collect();
        Self { connector: u.connector.into(), targets, holdings: u.holders.holdings }
    }
}

/// Unload a connector
///
/// At once where nothing holds it, else as soon as its last holding has ended; the answer names what still holds it. Its file stays.
#[utoipa::path(
    post, path = "/v1/connectors/{digest}/unload", tag = "connectors", operation_id = "unload_connector",
    params(("digest" = String, Path, description = "Digest of its file: `sha256:` and 64 hexadecimal digits")),
    responses((status = 200, description = "The version, and what still holds it", body = Unloading)),
    extensions(("x-hallpass-action" = json!("connector.unload")))
)]
pub(crate) async fn unload(
    State(app): State<App>,
    Caller(ctx): Caller,
    Place(digest): Place<Digest>,
    OrDefault(Nothing {}): OrDefault<Nothing>,
) -> Result<Json<Unloading>, Problem> {
    Ok(Json(app.broker.unload_connector(&ctx, &digest).await?.into()))
}

/// Why a version is banned.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ban {
    /// What was found. Shown wherever the version would be used.
    pub reason: String,
}

/// Ban a connector
///
/// It never runs again, on any node, and cannot be loaded again; its calls in flight are cut off. Access that it made ends; what
/// cannot be taken away without it is overdue until its holdings are re-pinned. A ban is not lifted.
#[utoipa::path(
    post, path = "/v1/connectors/{digest}/ban", tag = "connectors", operation_id = "ban_connector",
    params(("digest" = String, Path, description = "Digest of its file: `sha256:` and 64 hexadecimal digits")),
    request_body = Ban,
    responses((status = 200, description = "The version, and what is left of it", body = Unloading)),
    extensions(("x-hallpass-action" = json!("connector.ban")))
)]
pub(crate) async fn ban(
    State(app): State<App>,
    Caller(ctx): Caller,
    Place(digest): Place<Digest>,
    Strict(Ban { reason }): Strict<Ban>,
) -> Result<Json<Unloading>, Problem> {
    Ok(Json(app.broker.ban_connector(&ctx, &digest, &reason).await?.into()))
}
