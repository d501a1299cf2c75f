//! Moves live holdings to another version.

use axum::Json;
use axum::extract::State;
use hallpass_broker as broker;
use hallpass_domain::ids::{Digest, HoldingId};
use hallpass_domain::name::Name;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::extract::{Caller, Place, Strict};
use crate::problem::Problem;
use crate::shape::List;

/// Which holdings are to move.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRepin {
    /// These.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub holdings: Vec<HoldingId>,
    /// All live ones of this target, by name, instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub target: Option<Name>,
    /// Only look and compare.
    #[serde(default)]
    pub dry_run: bool,
}

/// What became of one holding.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Repinned {
    /// The holding.
    #[schema(value_type = String)]
    pub holding: HoldingId,
    /// Its version before.
    #[schema(value_type = String)]
    pub from: Digest,
    /// The version asked for.
    #[schema(value_type = String)]
    pub to: Digest,
    /// What the new version declares otherwise for its entitlement.
    pub changes: Vec<String>,
    /// What was seen last: `present`, `suspended` or `absent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen_before: Option<String>,
    /// What the new version sees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen_now: Option<String>,
    /// Whether it moved.
    pub moved: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl From<broker::Repinned> for Repinned {
    fn from(r: broker::Repinned) -> Self {
        Self {
            holding: r.holding,
            from: r.from,
            to: r.to,
            changes: r.changes,
            seen_before: r.seen_before.map(|p| p.as_str().to_owned()),
            seen_now: r.seen_now.map(|p| p.as_str().to_owned()),
            moved: r.moved,
            reason: r.reason,
        }
    }
}

/// Re-pin holdings to a version
///
/// Each holding is observed with the version first, and stays where it is when that does not see what was seen before.
#[utoipa::path(
    post, path = "/v1/connectors/{digest}/repin", tag = "connectors", operation_id = "repin_holdings",
    params(("digest" = String, Path, description = "Digest of the version to move to")),
    request_body = NewRepin,
    responses((status = 200, description = "What became of each", body = List<Repinned>)),
    extensions(("x-hallpass-action" = json!("connector.repin")))
)]
pub(crate) async fn repin(
    State(app): State<App>,
    Caller(ctx): Caller,
    Place(digest): Place<Digest>,
    Strict(new): Strict<NewRepin>,
) -> Result<Json<List<Repinned>>, Problem> {
    let new = broker::NewRepin { holdings: new.holdings, target: new.target, dry_run: new.dry_run };
    let done = app.broker.repin_holdings(&ctx, &digest, new).await?;
    Ok(Json(List::whole(done.into_iter().map(Repinned::from))))
}
