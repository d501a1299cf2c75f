//! Issues a session token.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use hallpass_broker::BrokerError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::form::assertion;
use super::refusal::Refusal;
use crate::app::App;
use crate::extract::{media_type, read};
use crate::problem::Problem;
use crate::shape::SecretOutput;

/// The media type of a form.
const FORM: &str = "application/x-www-form-urlencoded";
/// Larger than any assertion of ours, in bytes.
const MOST_BYTES: usize = 16 * 1024;

/// A session token (RFC 6749, section 5.1).
#[derive(Serialize, Deserialize, ToSchema)]
pub struct TokenAnswer {
    /// The token. It says who its bearer is, to this broker only.
    pub access_token: SecretOutput,
    /// `Bearer`.
    pub token_type: String,
    /// How long it lives, in seconds.
    pub expires_in: u64,
}

/// The form of a token call.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape for the document; the form is read by hand, because a repeated parameter is refused")]
pub(crate) struct TokenForm {
    /// `client_credentials`.
    grant_type: String,
    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`.
    client_assertion_type: String,
    /// A JWT signed with the principal's key: `iss` and `sub` are its id, `aud` is this broker (RFC 7523).
    #[schema(format = Password)]
    client_assertion: String,
    /// The principal's id; it must be the subject of the assertion.
    client_id: Option<String>,
}

/// Get a session token
///
/// `client_credentials` with `private_key_jwt`, and nothing else: no passwords, no client secrets.
#[utoipa::path(
    post, path = "/oauth/token", tag = "sign-in", operation_id = "issue_session",
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "A session token", body = TokenAnswer),
        (status = 400, description = "The call does not fit", body = super::TokenError),
        (status = 401, description = "Who it is was not proven", body = super::TokenError),
    ),
    extensions(("x-hallpass-action" = json!("public")))
)]
pub(crate) async fn token(State(app): State<App>, request: Request) -> Response {
    match issue(&app, request).await {
        Ok(answer) => ([(header::PRAGMA, HeaderValue::from_static("no-cache"))], Json(answer)).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

async fn issue(app: &App, request: Request) -> Result<TokenAnswer, Refusal> {
    let (parts, body) = request.into_parts();
    if parts.headers.contains_key(header::AUTHORIZATION) {
        return Err(Refusal::invalid_client("an Authorization header is not taken here: sign an assertion (private_key_jwt)"));
    }
    if !media_type(&parts.headers).is_some_and(|t| t.eq_ignore_ascii_case(FORM)) {
        return Err(Problem::WrongContentType { expected: FORM }.into());
    }
    let body = read(&parts.headers, body, MOST_BYTES).await?;
    let assertion = assertion(&body)?;
    let issued = app.broker.issue_session(&assertion).await.map_err(|e| match e {
        // Whatever is wrong with an assertion means that its sender is not proven (RFC 7523, section 3.2).
        BrokerError::Invalid { reason, .. } => Refusal::invalid_client(&reason),
        other => Problem::from(other).into(),
    })?;
    Ok(TokenAnswer { access_token: SecretOutput(issued.token), token_type: "Bearer".into(), expires_in: issued.expires_in_s })
}
