//! Errors of the token endpoint, as RFC 6749 section 5.2 writes them.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::Problem;

/// The body of an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenError {
    /// The code.
    #[schema(example = "invalid_client")]
    pub error: String,
    /// What is wrong, for a person.
    pub error_description: String,
}

/// A token call that was refused.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    error: &'static str,
    description: String,
}

impl Refusal {
    fn new(status: StatusCode, error: &'static str, description: &str) -> Self {
        // RFC 6749 allows printable ASCII without quote and backslash.
        let allowed = |c: char| if matches!(c, ' '..='~') && c != '"' && c != '\\' { c } else { '\'' };
        Self { status, error, description: description.chars().take(400).map(allowed).collect() }
    }

    /// A parameter is missing or repeated.
    pub(super) fn invalid_request(description: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", description)
    }

    /// Who it is was not proven.
    pub(super) fn invalid_client(description: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_client", description)
    }

    /// Another way to get tokens.
    pub(super) fn unsupported_grant_type() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "unsupported_grant_type",
            "grant_type must be client_credentials with a private_key_jwt assertion",
        )
    }

    /// Rights are no part of a session token.
    pub(super) fn invalid_scope() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_scope", "session tokens have no scope: rights are looked up at each call")
    }

    /// The code.
    #[cfg(test)]
    pub(super) const fn error(&self) -> &'static str {
        self.error
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        let body = problem.body();
        match problem.kind().status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => Self::invalid_client(&body.detail),
            status if status.is_server_error() => {
                let error = if status == StatusCode::SERVICE_UNAVAILABLE { "temporarily_unavailable" } else { "server_error" };
                Self::new(status, error, &body.detail)
            }
            status @ (StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNSUPPORTED_MEDIA_TYPE) => {
                Self::new(status, "invalid_request", &body.detail)
            }
            _ => Self::invalid_request(&body.detail),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = TokenError { error: self.error.into(), error_description: self.description };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"hallpass\""));
        }
        response
    }
}
