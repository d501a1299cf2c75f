//! `POST /enrol/{token}`: a principal registers its keys with its one-time link.

use axum::Json;
use axum::extract::State;
use hallpass_broker::EnrolmentKeys;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::extract::{Place, Strict};
use crate::problem::Problem;
use crate::v1::principals::Principal;

/// The keys that a principal registers. Made where they are used; only the public halves come here.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Enrolment {
    /// Ed25519 public key, 32 bytes in hexadecimal: proves who it is.
    pub signing_key: String,
    /// X25519 public key, 32 bytes in hexadecimal: credentials are sealed to it.
    pub recipient_key: String,
    /// Ed25519 signature in hexadecimal, by the first, over `hallpass-enrol-v1`, a zero byte, the link's last part and the bytes of
    /// the second.
    pub proof: String,
}

/// Register keys with a one-time link
///
/// The link works once. Whoever finds it used tells an operator.
#[utoipa::path(
    post, path = "/enrol/{token}", tag = "sign-in", operation_id = "enrol",
    params(("token" = String, Path, description = "The last part of the link")),
    request_body = Enrolment,
    responses((status = 200, description = "Whose keys they are now", body = Principal)),
    extensions(("x-hallpass-action" = json!("public")))
)]
pub(crate) async fn enrol(
    State(app): State<App>,
    Place(token): Place<String>,
    Strict(keys): Strict<Enrolment>,
) -> Result<Json<Principal>, Problem> {
    let keys = EnrolmentKeys { signing_key: keys.signing_key, recipient_key: keys.recipient_key, proof: keys.proof };
    Ok(Json(app.broker.enrol(&token, keys).await?.into()))
}
