//! Changes a target's settings, secrets, network or environment.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use hallpass_domain::ids::{Digest, TargetId};
use hallpass_domain::name::Name;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::{Target, secrets};
use crate::app::App;
use crate::extract::{Caller, Place, Strict};
use crate::problem::Problem;
use crate::shape::{SecretInput, once_each};

/// A change of a target. What is absent stays as it is.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetChange {
    /// All settings anew.
    #[serde(default, deserialize_with = "some", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = BTreeMap<String, String>, required = false)]
    pub settings: Option<BTreeMap<String, String>>,
    /// Secrets to set; others stay.
    #[serde(default, deserialize_with = "once_each")]
    pub secrets: BTreeMap<String, SecretInput>,
    /// What it may reach beyond the public internet, all anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Vec<String>>,
    /// The connector for new holdings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub connector: Option<Digest>,
    /// What policies are asked about from now on. The caller must be allowed to configure targets there, too, and sends the secrets along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "staging")]
    pub environment: Option<Name>,
}

fn some<'de, D: Deserializer<'de>>(d: D) -> Result<Option<BTreeMap<String, String>>, D::Error> {
    once_each(d).map(Some)
}

/// Change a target
///
/// Holdings keep the connector that made them; secrets and the endpoint are the new ones for all. Grants go on in another environment;
/// what is not active yet, and each pass, is judged in it. Refused while a request waits for a verdict or a trial is under way.
#[utoipa::path(
    patch, path = "/v1/targets/{id}", tag = "targets", operation_id = "update_target",
    params(("id" = String, Path, description = "The target")),
    request_body = TargetChange,
    responses((status = 200, description = "The target", body = Target)),
    extensions(("x-hallpass-action" = json!("target.configure")))
)]
pub(crate) async fn update(
    State(app): State<App>,
    Caller(ctx): Caller,
    Place(id): Place<TargetId>,
    Strict(change): Strict<TargetChange>,
) -> Result<Json<Target>, Problem> {
    let change = hallpass_broker::TargetChange {
        settings: change.settings,
        secrets: secrets(change.secrets),
        network: change.network,
        connector: change.connector,
        environment: change.environment,
    };
    Ok(Json(app.broker.update_target(&ctx, &id, change).await?.into()))
}
