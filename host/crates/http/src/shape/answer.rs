//! The answer to a call that made something.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::IntoParams;

/// The header of a call that has its effect once, however often it is sent.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub(crate) struct IdempotencyKey {
    /// Names this call among those of the caller, for a day: 1 to 128 visible ASCII characters, such as a UUID. The same key with
    /// the same bytes gets the answer of the first time; with other bytes it is refused.
    #[param(rename = "Idempotency-Key")]
    #[expect(dead_code, reason = "a description, read by an extractor of its own")]
    key: Option<String>,
}

/// The text of an answer that is kept.
pub(crate) fn answer<T: Serialize>(made: impl Into<T>) -> String {
    // Structs of strings, numbers and lists always become JSON.
    serde_json::to_string(&made.into()).unwrap_or_default()
}

/// 201, with where the new thing is.
pub(crate) struct Created<T> {
    /// Its path.
    pub(crate) location: String,
    /// The thing.
    pub(crate) body: T,
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let mut response = (StatusCode::CREATED, Json(self.body)).into_response();
        if let Ok(location) = HeaderValue::from_str(&self.location) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        response
    }
}
