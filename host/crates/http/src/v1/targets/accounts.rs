//! Lists the accounts of principals in a target.

use axum::Json;
use axum::extract::State;
use hallpass_domain::ids::TargetId;

use super::Account;
use crate::app::App;
use crate::extract::{Caller, Place, Query};
use crate::problem::Problem;
use crate::shape::{List, Nothing};

/// List the accounts in a target
#[utoipa::path(
    get, path = "/v1/targets/{id}/accounts", tag = "targets", operation_id = "list_accounts",
    params(("id" = String, Path, description = "The target")),
    responses((status = 200, description = "The accounts", body = List<Account>)),
    extensions(("x-hallpass-action" = json!("target.read")))
)]
pub(crate) async fn accounts(
    State(app): State<App>,
    Caller(ctx): Caller,
    Place(id): Place<TargetId>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Json<List<Account>>, Problem> {
    Ok(Json(List::whole(app.broker.accounts(&ctx, &id).await?.into_iter().map(Account::from))))
}
