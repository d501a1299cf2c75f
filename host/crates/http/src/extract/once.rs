//! `Idempotency-Key`: a call that is sent again with the same key has its effect once.

use axum::extract::{FromRef, FromRequest, Request};
use axum::http::HeaderMap;
use hallpass_broker::Made;
use hallpass_domain::secret::SecretBytes;
use serde::de::DeserializeOwned;

use super::body::{json_type, parse, read};
use crate::app::Limits;
use crate::problem::Problem;

/// The header.
const NAME: &str = "Idempotency-Key";
/// The longest key, in bytes.
const MOST_BYTES: usize = 128;

/// A key, and the call that came with it.
pub(crate) struct Key {
    key: String,
    call: SecretBytes,
}

impl Key {
    /// For the use case, with the answer that is kept.
    pub(crate) fn with<K>(self, answer: &(dyn Fn(K) -> String + Send + Sync)) -> hallpass_broker::Once<'_, K> {
        hallpass_broker::Once { key: self.key, call: self.call, answer }
    }
}

/// A strict JSON body, and the key of the call, if it has one.
pub(crate) struct Keyed<T>(pub(crate) Option<Key>, pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Keyed<T>
where
    Limits: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let key = key(&parts.headers)?;
        json_type(&parts.headers)?;
        let bytes = read(&parts.headers, body, Limits::from_ref(state).body).await?;
        let value = parse(&bytes)?;
        let key = key.map(|key| {
            let route = format!("{} {}\0", parts.method, parts.uri.path());
            Key { key, call: SecretBytes::new([route.as_bytes(), &bytes].concat()) }
        });
        Ok(Self(key, value))
    }
}

/// What was made now, or what the kept answer says.
pub(crate) fn body_of<V, T: From<V> + DeserializeOwned>(made: Made<V>) -> Result<T, Problem> {
    match made {
        Made::Now(made) => Ok(made.into()),
        Made::Before(answer) => kept(&answer),
    }
}

/// An answer that was kept.
pub(crate) fn kept<T: DeserializeOwned>(answer: &str) -> Result<T, Problem> {
    serde_json::from_str(answer).map_err(|cause| {
        tracing::error!(%cause, "a kept answer cannot be read");
        Problem::Internal
    })
}

fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let wrong = |reason: &str| Problem::WrongHeader { name: NAME, reason: reason.into() };
    let mut all = headers.get_all(NAME).iter();
    let Some(value) = all.next() else { return Ok(None) };
    if all.next().is_some() {
        return Err(wrong("it stands there twice"));
    }
    let key = value.to_str().ok().filter(|key| (1..=MOST_BYTES).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()));
    key.map(|key| Some(key.to_owned())).ok_or_else(|| wrong("it must be 1 to 128 visible ASCII characters"))
}
