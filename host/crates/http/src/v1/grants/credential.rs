//! Picks up the credential of a grant, once.

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hallpass_broker::{PickedUp, SealedFor};
use hallpass_domain::ids::GrantId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::extract::{Caller, OrDefault, Place};
use crate::problem::Problem;
use crate::shape::{Nothing, SecretInput, SecretOutput};

/// A credential, handed out once.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Credential {
    /// Of which grant.
    #[schema(value_type = String)]
    pub grant: GrantId,
    /// Who can open it.
    pub sealed_for: SealedTo,
    /// For the recipient: the HPKE ciphertext (RFC 9180, `info` is the grant's id) in base64. Opened it is JSON, as in `clear`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(content_encoding = "base64")]
    pub sealed: Option<String>,
    /// For a principal without a recipient key: the credential itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clear: Option<ClearCredential>,
}

/// Who can open a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SealedTo {
    /// Only its recipient.
    Recipient,
    /// The broker opened it.
    Broker,
}

/// A credential in the clear.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct ClearCredential {
    /// What it is.
    #[schema(example = "password")]
    pub label: String,
    /// The secret.
    pub value: SecretOutput,
    /// What must be known to use it: names and values, in order.
    pub public: Vec<(String, String)>,
}

/// As the broker seals it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Opened {
    label: String,
    value: SecretInput,
    public: Vec<(String, String)>,
}

impl Credential {
    fn new(picked_up: PickedUp) -> Result<Self, Problem> {
        let clear = picked_up.clear.map(|text| serde_json::from_str::<Opened>(text.expose())).transpose().map_err(|_| {
            tracing::error!("a credential is not of the shape that the broker seals");
            Problem::Internal
        })?;
        Ok(Self {
            grant: picked_up.grant,
            sealed_for: match picked_up.sealed_for {
                SealedFor::Recipient => SealedTo::Recipient,
                SealedFor::Broker => SealedTo::Broker,
            },
            sealed: picked_up.sealed.map(|sealed| STANDARD.encode(sealed)),
            clear: clear.map(|c| ClearCredential { label: c.label, value: SecretOutput(c.value.0), public: c.public }),
        })
    }
}

/// Pick up the credential of a grant
///
/// It can be had once. A second try is refused with 410 and noticed.
#[utoipa::path(
    post, path = "/v1/grants/{id}/credential", tag = "grants", operation_id = "pick_up_credential",
    params(("id" = String, Path, description = "The grant")),
    responses(
        (status = 200, description = "The credential", body = Credential),
        (status = 410, description = "It was picked up before, or there is none", body = crate::ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-hallpass-action" = json!("credential.pick_up")))
)]
pub(crate) async fn credential(
    State(app): State<App>,
    Caller(ctx): Caller,
    Place(id): Place<GrantId>,
    OrDefault(Nothing {}): OrDefault<Nothing>,
) -> Result<Json<Credential>, Problem> {
    Credential::new(app.broker.pick_up(&ctx, &id).await?).map(Json)
}
