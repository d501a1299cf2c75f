//! Moves targets to another version of their connector, forward and back.

use axum::Json;
use axum::extract::State;
use hallpass_broker as broker;
use hallpass_domain::ids::{Digest, RequestId, TargetId};
use hallpass_domain::name::Name;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Connector;
use crate::app::App;
use crate::extract::{Caller, OrDefault, Place, Strict};
use crate::problem::Problem;
use crate::shape::List;

/// Which targets are to move.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUpgrade {
    /// Only these, by name; all of the connector's where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    pub targets: Option<Vec<Name>>,
    /// Why, for whoever must approve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<String>,
}

/// What became of an upgrade.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Upgrade {
    /// The version.
    pub connector: Connector,
    /// What it asks for and was not granted before.
    pub added: Vec<String>,
    /// What was granted before and it does not ask for.
    pub removed: Vec<String>,
    /// The request that waits for another person's approval. Nothing has moved then; after it the upgrade goes on by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub request: Option<RequestId>,
    /// Each target.
    pub targets: Vec<Moved>,
}

/// What became of one target's move.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Moved {
    /// The target.
    #[schema(value_type = String)]
    pub target: TargetId,
    /// Its name.
    #[schema(value_type = String)]
    pub target_name: Name,
    /// The version that it had.
    #[schema(value_type = String)]
    pub from: Digest,
    /// The version that it has now.
    #[schema(value_type = String)]
    pub to: Digest,
    /// Why it stays on the old one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_back: Option<String>,
}

impl From<broker::Moved> for Moved {
    fn from(m: broker::Moved) -> Self {
        Self { target: m.target, target_name: m.target_name, from: m.from, to: m.to, held_back: m.held_back }
    }
}

/// Upgrade targets to a version
///
/// Where it asks for no more than the version before, its targets move at once, each after its settings fit and its health check
/// passes. Where it asks for more, a request waits for another person, and what is approved goes on by itself. Live holdings stay
/// with the version that made them.
#[utoipa::path(
    post, path = "/v1/connectors/{digest}/upgrade", tag = "connectors", operation_id = "upgrade_connector",
    params(("digest" = String, Path, description = "Digest of the version to move to")),
    request_body = Option<NewUpgrade>,
    responses((status = 200, description = "What became of it", body = Upgrade)),
    extensions(("x-hallpass-action" = json!("connector.upgrade")))
)]
pub(crate) async fn upgrade(
    State(app): State<App>,
    Caller(ctx): Caller,
    Place(digest): Place<Digest>,
    OrDefault(new): OrDefault<NewUpgrade>,
) -> Result<Json<Upgrade>, Problem> {
    let new = broker::NewUpgrade { targets: new.targets, justification: new.justification };
    let done = app.broker.upgrade_connector(&ctx, &digest, new).await?;
    Ok(Json(Upgrade {
        connector: done.connector.into(),
        added: done.diff.added,
        removed: done.diff.removed,
        request: done.request,
        targets: done.targets.into_iter().map(Moved::from).collect(),
    }))
}

/// Which connector is to go back.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rollback {
    /// Its name.
    #[schema(example = "postgres")]
    pub name: String,
}

/// Roll back a connector
///
/// Every target of it goes back to the version that it had before. A roll-back never goes forward: what it left is reached again by an upgrade.
#[utoipa::path(
    post, path = "/v1/connectors/rollback", tag = "connectors", operation_id = "roll_back_connector",
    request_body = Rollback,
    responses((status = 200, description = "What became of it", body = List<Moved>)),
    extensions(("x-hallpass-action" = json!("connector.upgrade")))
)]
pub(crate) async fn rollback(
    State(app): State<App>,
    Caller(ctx): Caller,
    Strict(Rollback { name }): Strict<Rollback>,
) -> Result<Json<List<Moved>>, Problem> {
    Ok(Json(List::whole(app.broker.roll_back_connector(&ctx, &name).await?.into_iter().map(Moved::from))))
}
