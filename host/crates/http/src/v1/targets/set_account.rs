//! Names a principal's account in a target.

use axum::Json;
use axum::extract::State;
use hallpass_domain::ids::{PrincipalId, TargetId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Account;
use crate::app::App;
use crate::extract::{Caller, Place, Strict};
use crate::problem::Problem;

/// The account that a principal has.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountName {
    /// Its name in the target: 1 to 255 bytes, no control characters.
    pub account: String,
}

/// Name a principal's account in a target
///
/// One to one: an account belongs to one principal, and a principal has one account there.
#[utoipa::path(
    put, path = "/v1/targets/{id}/accounts/{principal}", tag = "targets", operation_id = "set_account",
    params(("id" = String, Path, description = "The target"), ("principal" = String, Path, description = "Whose account it is")),
    request_body = AccountName,
    responses((status = 200, description = "The account", body = Account)),
    extensions(("x-hallpass-action" = json!("target.configure")))
)]
pub(crate) async fn set_account(
    State(app): State<App>,
    Caller(ctx): Caller,
    Place((target, principal)): Place<(TargetId, PrincipalId)>,
    Strict(new): Strict<AccountName>,
) -> Result<Json<Account>, Problem> {
    Ok(Json(app.broker.set_account(&ctx, &target, &principal, &new.account).await?.into()))
}
