//! One caller of one broker: signs in by a signed assertion, carries the session token, turns refusals into errors.

use std::sync::Arc;
use std::time::Duration;

use hallpass_broker::SystemClock;
use hallpass_domain::rng::SystemRng;
use hallpass_domain::secret::SecretText;
use hallpass_domain::{Clock, Rng};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::profiles::Identity;
use super::wire::{Body, Wire};

/// A broker as one principal sees it. The session token lives in memory only.
pub struct Api {
    wire: Wire,
    identity: Identity,
    session: Mutex<Option<Arc<SecretText>>>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
}

/// A call that did not work.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The broker said no.
    #[error("{0}")]
    Refused(Problem),
    /// Nobody answers.
    #[error("the broker at {broker} cannot be reached: {cause}. Is it running, and is that its address?")]
    Unreachable {
        /// Its address.
        broker: String,
        /// Why.
        cause: String,
    },
    /// The profile cannot be used.
    #[error("{reason}")]
    Profile {
        /// Its name.
        profile: String,
        /// Why, and what to do.
        reason: String,
    },
    /// Our own fault, or an answer that is none of a Hallpass broker.
    #[error("{0}")]
    Internal(String),
}

/// A refusal: a problem document (RFC 9457).
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The document.
    pub document: Value,
}

impl Problem {
    /// A refusal that was found on this side, in the broker's form.
    pub(super) fn local(status: u16, detail: String) -> Self {
        Self { status, document: json!({ "status": status, "detail": detail }) }
    }

    /// The short name of the problem: the last part of its type.
    pub fn name(&self) -> &str {
        let kind = self.document["type"].as_str().unwrap_or_default();
        kind.rsplit(['/', ':', '#']).next().unwrap_or_default()
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let part = |key: &str| self.document[key].as_str().map(str::trim).filter(|text| !text.is_empty());
        let cause = part("detail").or_else(|| part("title"));
        let text = match (cause, part("remedy")) {
            (Some(cause), Some(remedy)) => format!("{}. {remedy}", cause.trim_end_matches('.')),
            (Some(cause), None) => cause.to_owned(),
            (None, _) => format!("the broker answered with status {}", self.status),
        };
        // The broker passes on what others wrote: it must not steer the terminal.
        f.write_str(&text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect::<String>())
    }
}

impl Api {
    /// The broker of this identity. Nothing is sent yet.
    pub fn new(identity: Identity) -> Result<Self, ClientError> {
        let wire = Wire::new(&identity.broker)?;
        Ok(Self { wire, identity, session: Mutex::new(None), clock: Arc::new(SystemClock), rng: Arc::new(SystemRng) })
    }

    /// Who calls.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// A session token: the one in memory, or a new one.
    async fn token(&self) -> Result<Arc<SecretText>, ClientError> {
        let mut session = self.session.lock().await;
        if let Some(token) = session.as_ref() {
            return Ok(Arc::clone(token));
        }
        let internal = |e: &dyn std::fmt::Display| ClientError::Internal(format!("no assertion can be made: {e}"));
        let assertion = hallpass_tokens::assertion::create(
            self.identity.keys.signer(),
            &self.identity.principal,
            &self.identity.broker,
            self.clock.now(),
            self.rng.as_ref(),
        )
        .map_err(|e| internal(&e))?;
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion.expose()),
        ];
        let answer = self.wire.call("POST", "/oauth/token", None, Body::Form(&form)).await?;
        let token = answer["access_token"].as_str().ok_or_else(|| ClientError::Internal(String::from("the broker gave no session token")))?;
        let token = Arc::new(SecretText::new(token.to_owned()));
        *session = Some(Arc::clone(&token));
        Ok(token)
    }

    /// One call. A session that has expired is renewed once.
    async fn call(&self, method: &'static str, path: &str, body: Body<'_>) -> Result<Value, ClientError> {
        let token = self.token().await?;
        match self.wire.call(method, path, Some(&token), body.clone()).await {
            Err(ClientError::Refused(problem)) if problem.status == 401 => {
                self.session.lock().await.take();
                let token = self.token().await?;
                self.wire.call(method, path, Some(&token), body).await
            }
            other => other,
        }
    }

    /// GET.
    pub(super) async fn get(&self, path: &str) -> Result<Value, ClientError> {
        self.call("GET", path, Body::None).await
    }

    /// GET of text.
    pub(super) async fn text(&self, path: &str) -> Result<String, ClientError> {
        match self.call("GET", path, Body::None).await? {
            Value::String(text) => Ok(text),
            _ => Err(ClientError::Internal(String::from("the broker answered with something else than text"))),
        }
    }

    /// POST with a JSON body.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        self.call("POST", path, Body::Json(body)).await
    }

    /// PUT with a JSON body.
    pub(super) async fn put(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        self.call("PUT", path, Body::Json(body)).await
    }

    /// POST of a file.
    pub(super) async fn upload(&self, path: &str, media_type: &str, file: &[u8]) -> Result<Value, ClientError> {
        self.call("POST", path, Body::Bytes(media_type, file)).await
    }

    /// Opens a credential with the caller's key.
    pub(super) fn open_credential(&self, grant: &str, answer: &Value) -> Result<Value, ClientError> {
        use base64::Engine as _;
        let wrong = |what: &str| ClientError::Internal(format!("the broker's answer is no credential: {what}"));
        if let Some(clear) = answer.get("clear").filter(|value| !value.is_null()) {
            return Ok(clear.clone());
        }
        let sealed = answer["sealed"].as_str().ok_or_else(|| wrong("it holds none"))?;
        let sealed = base64::engine::general_purpose::STANDARD.decode(sealed).map_err(|_| wrong("it is not base64"))?;
        let opened = self.identity.keys.open(grant, &sealed).map_err(|e| ClientError::Internal(e.to_string()))?;
        serde_json::from_slice(opened.expose()).map_err(|_| wrong("it is not JSON"))
    }

    /// Waits a little.
    pub(super) async fn pause(&self, length: Duration) {
        self.clock.sleep_until(self.clock.now().plus(u64::try_from(length.as_millis()).unwrap_or(u64::MAX))).await;
    }

    /// What time it is here.
    pub(super) fn now(&self) -> hallpass_domain::Timestamp {
        self.clock.now()
    }
}
