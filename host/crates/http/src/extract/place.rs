//! Ids and names in the path.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::words::{bounded, explain};
use crate::problem::Problem;

/// The named parts of the path, each checked by its own type.
pub(crate) struct Place<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Place<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(rejection) => {
                let text = rejection.body_text();
                let what = text.strip_prefix("Invalid URL: ").unwrap_or(&text);
                Err(Problem::WrongPath { reason: bounded(&format!("in the path: {}", explain(what).0)) })
            }
        }
    }
}
