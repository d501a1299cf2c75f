//! Accepts what a connector asks for.

use axum::Json;
use axum::extract::State;
use hallpass_domain::ids::Digest;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Connector;
use crate::app::App;
use crate::extract::{Caller, Place, Strict};
use crate::problem::Problem;

/// That somebody has read what a connector asks for.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// `permissions_digest` of the list that was read.
    #[schema(value_type = String, example = "sha256:…")]
    pub permissions: Digest,
}

/// Accept what a connector asks for
///
/// Only for the first version of a connector: one that asks for more than the version before needs another person's approval,
/// which an upgrade asks for.
#[utoipa::path(
    post, path = "/v1/connectors/{digest}/accept", tag = "connectors", operation_id = "accept_connector",
    params(("digest" = String, Path, description = "Digest of its file: `sha256:` and 64 hexadecimal digits")),
    request_body = Acceptance,
    responses((status = 200, description = "The connector, permitted", body = Connector)),
    extensions(("x-hallpass-action" = json!("connector.load")))
)]
pub(crate) async fn accept(
    State(app): State<App>,
    Caller(ctx): Caller,
    Place(digest): Place<Digest>,
    Strict(acceptance): Strict<Acceptance>,
) -> Result<Json<Connector>, Problem> {
    Ok(Json(app.broker.accept_connector(&ctx, &digest, &acceptance.permissions).await?.into()))
}
