//! Sets the members of a group.

use axum::Json;
use axum::extract::State;
use hallpass_domain::name::Name;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Group;
use crate::app::App;
use crate::extract::{Caller, Place, Strict};
use crate::problem::Problem;

/// The members that a group shall have: these and no others.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Members {
    /// Names of users.
    #[schema(value_type = Vec<String>)]
    pub members: Vec<Name>,
}

/// Set the members of a group
///
/// Makes the group where there is none.
#[utoipa::path(
    put, path = "/v1/groups/{name}", tag = "groups", operation_id = "set_group",
    params(("name" = String, Path, description = "The group")),
    request_body = Members,
    responses((status = 200, description = "The group", body = Group)),
    extensions(("x-hallpass-action" = json!("group.configure")))
)]
pub(crate) async fn set(
    State(app): State<App>,
    Caller(ctx): Caller,
    Place(name): Place<Name>,
    Strict(new): Strict<Members>,
) -> Result<Json<Group>, Problem> {
    Ok(Json(app.broker.set_group(&ctx, &name, new.members).await?.into()))
}
