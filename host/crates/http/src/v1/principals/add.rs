//! Adds a principal and makes its enrolment link.

use axum::extract::State;
use hallpass_broker::Made;
use hallpass_domain::name::Name;
use hallpass_domain::principal::PrincipalKind;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Invitation;
use crate::app::App;
use crate::extract::{Caller, Keyed, kept};
use crate::problem::Problem;
use crate::shape::{Created, IdempotencyKey, answer, words};

/// A principal that is to be added.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPrincipal {
    /// User, agent or workload.
    #[schema(schema_with = words::principal_kind)]
    pub kind: PrincipalKind,
    /// Its name, unique among all principals.
    #[schema(value_type = String, example = "triage-bot")]
    pub name: Name,
    /// Name of the human behind it: an agent or workload needs one, a user has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "alice")]
    pub owner: Option<Name>,
}

/// Add a principal
///
/// Makes the one-time link with which it registers its keys. The link is shown here and nowhere else: not even to the same call
/// sent again with its `Idempotency-Key`, whose answer lacks it.
#[utoipa::path(
    post, path = "/v1/principals", tag = "principals", operation_id = "add_principal",
    params(IdempotencyKey),
    request_body = NewPrincipal,
    responses((status = 201, description = "Added", body = Invitation)),
    extensions(("x-hallpass-action" = json!("principal.create")))
)]
pub(crate) async fn add(
    State(app): State<App>,
    Caller(ctx): Caller,
    Keyed(key, new): Keyed<NewPrincipal>,
) -> Result<Created<Invitation>, Problem> {
    let new = hallpass_broker::NewPrincipal { kind: new.kind, name: new.name, owner: new.owner };
    let url = &app.settings.public_url;
    let body = match key {
        None => Invitation::new(app.broker.add_principal(&ctx, new).await?, url),
        Some(key) => match app.broker.add_principal_once(&ctx, new, key.with(&|added| answer::<Invitation>(added))).await? {
            Made::Now(invitation) => Invitation::new(invitation, url),
            Made::Before(without_link) => kept(&without_link)?,
        },
    };
    Ok(Created { location: format!("/v1/principals/{}", body.principal.id), body })
}
