//! Adds a target.

use std::collections::BTreeMap;

use axum::extract::State;
use hallpass_domain::name::Name;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Target, secrets};
use crate::app::App;
use crate::extract::{Caller, Keyed, body_of};
use crate::problem::Problem;
use crate::shape::{Created, IdempotencyKey, SecretInput, answer, once_each};

/// A target that is to be added.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTarget {
    /// Its name, unique among all targets.
    #[schema(value_type = String, example = "shop-prod")]
    pub name: Name,
    /// What policies ask about.
    #[schema(value_type = String, example = "production")]
    pub environment: Name,
    /// Digest of a connector, or the name of one, whose newest version is taken.
    #[schema(example = "postgres")]
    pub connector: String,
    /// Settings, as the connector declares them.
    #[serde(default, deserialize_with = "once_each")]
    pub settings: BTreeMap<String, String>,
    /// Secrets, as the connector declares them. Kept under the broker's key, never shown again.
    #[serde(default, deserialize_with = "once_each")]
    pub secrets: BTreeMap<String, SecretInput>,
    /// What it may reach beyond the public internet: `https://10.1.2.3`, `https://git.corp.example`, `http://127.0.0.1:8080`. Each names scheme,
    /// host and port; only with `http` here is a target ever spoken to in the clear.
    #[serde(default)]
    #[schema(example = json!(["https://10.1.2.3"]))]
    pub network: Vec<String>,
    /// Name of the human who answers for it; the caller where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub owner: Option<Name>,
}

/// Add a target
#[utoipa::path(
    post, path = "/v1/targets", tag = "targets", operation_id = "add_target",
    params(IdempotencyKey),
    request_body = NewTarget,
    responses((status = 201, description = "Added", body = Target)),
    extensions(("x-hallpass-action" = json!("target.create")))
)]
pub(crate) async fn add(
    State(app): State<App>,
    Caller(ctx): Caller,
    Keyed(key, new): Keyed<NewTarget>,
) -> Result<Created<Target>, Problem> {
    let new = hallpass_broker::NewTarget {
        name: new.name,
        environment: new.environment,
        connector: new.connector,
        settings: new.settings,
        secrets: secrets(new.secrets),
        network: new.network,
        owner: new.owner,
    };
    let body: Target = match key {
        None => app.broker.add_target(&ctx, new).await?.into(),
        Some(key) => body_of(app.broker.add_target_once(&ctx, new, key.with(&|target| answer::<Target>(target))).await?)?,
    };
    Ok(Created { location: format!("/v1/targets/{}", body.id), body })
}
