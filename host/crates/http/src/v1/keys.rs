//! The public keys that passes are verified with. For everybody: whoever checks a pass has no account here.

use axum::Json;
use axum::extract::State;

use crate::app::App;
use crate::problem::Problem;

/// Show the public keys of passes
///
/// A Biscuit key set: `{"keys":[{"algorithm":"ed25519","key_bytes":"<hex>","key_id":1,"use":"issuer"}]}`.
#[utoipa::path(
    get, path = "/v1/keys", tag = "keys", operation_id = "show_keys",
    responses((status = 200, description = "The key set", body = Object)),
    extensions(("x-hallpass-action" = json!("public")))
)]
pub(crate) async fn show(State(app): State<App>) -> Result<Json<serde_json::Value>, Problem> {
    Ok(Json(app.broker.key_set()?.to_json()))
}
