//! Makes a new enrolment link for a principal that lost the old one.

use axum::Json;
use axum::extract::State;
use hallpass_domain::ids::PrincipalId;

use super::Invitation;
use crate::app::App;
use crate::extract::{Caller, OrDefault, Place};
use crate::problem::Problem;
use crate::shape::Nothing;

/// Make a new enrolment link
///
/// Links made before stop working.
#[utoipa::path(
    post, path = "/v1/principals/{id}/enrolment", tag = "principals", operation_id = "reissue_enrolment",
    params(("id" = String, Path, description = "The principal")),
    responses((status = 200, description = "The new link", body = Invitation)),
    extensions(("x-hallpass-action" = json!("principal.enrol")))
)]
pub(crate) async fn enrolment(
    State(app): State<App>,
    Caller(ctx): Caller,
    Place(id): Place<PrincipalId>,
    OrDefault(Nothing {}): OrDefault<Nothing>,
) -> Result<Json<Invitation>, Problem> {
    let invitation = app.broker.reissue_enrolment(&ctx, &id).await?;
    Ok(Json(Invitation::new(invitation, &app.settings.public_url)))
}
