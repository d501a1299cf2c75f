//! `Idempotency-Key`: a call that is sent again with the same key has its effect once.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::problem::Problem;

/// The header.
const NAME: &str = "Idempotency-Key";
/// The longest key, in bytes.
const MOST_BYTES: usize = 128;

/// The key of a call, if it has one.
pub(crate) struct Once(pub(crate) Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for Once {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let wrong = |reason: &str| Problem::WrongHeader { name: NAME, reason: reason.into() };
        let mut all = parts.headers.get_all(NAME).iter();
        let Some(value) = all.next() else { return Ok(Self(None)) };
        if all.next().is_some() {
            return Err(wrong("it stands there twice"));
        }
        let key = value.to_str().ok().filter(|key| (1..=MOST_BYTES).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()));
        match key {
            Some(key) => Ok(Self(Some(key.to_owned()))),
            None => Err(wrong("it must be 1 to 128 visible ASCII characters")),
        }
    }
}
