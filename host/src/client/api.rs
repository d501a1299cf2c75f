//! One caller of one broker: signs in by a signed assertion, carries the session token, turns refusals into errors.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hallpass_broker::SystemClock;
use hallpass_domain::rng::SystemRng;
use hallpass_domain::secret::SecretText;
use hallpass_domain::{Clock, Rng, Timestamp};
use hallpass_egress::{Body, Client, EgressError, Method, Problem};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::document::Look as _;
use super::profiles::Identity;

/// A whole log is proven within it; everything else takes a moment.
const LIMIT: Duration = Duration::from_mins(1);
/// A file is compiled meanwhile, perhaps after another one. Longer than the broker takes to say that it goes on without its caller.
const LOADING: Duration = Duration::from_mins(7);

/// A broker as one principal sees it. The session token lives in memory only.
pub struct Api {
    http: Client,
    identity: Identity,
    session: Mutex<Option<Arc<SecretText>>>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
}

/// A call that did not work.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The broker said no, or nobody answers.
    #[error(transparent)]
    Call(#[from] EgressError),
    /// The profile cannot be used.
    #[error("{reason}")]
    Profile {
        /// Why, and what to do.
        reason: String,
    },
    /// It took longer than somebody was ready to wait.
    #[error("{0}")]
    TooSlow(String),
    /// Our own fault, or an answer that is none of a Hallpass broker.
    #[error("{0}")]
    Internal(String),
}

impl ClientError {
    /// A refusal that was found on this side, in the broker's form.
    pub(super) fn local(status: u16, detail: &str) -> Self {
        let document = json!({ "status": status, "detail": detail });
        let problem = Problem { status, title: String::new(), detail: Some(detail.to_owned()), remedy: None, document };
        Self::Call(EgressError::Refused(Box::new(problem)))
    }

    /// The broker's refusal, where it is one.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Call(EgressError::Refused(problem)) => Some(problem),
            _ => None,
        }
    }

    /// The kind of refusal: the last part of the problem's type, such as `too-long`.
    pub fn kind(&self) -> &str {
        let kind = self.problem().map(|problem| problem.document.word("type")).unwrap_or_default();
        kind.rsplit(':').next().unwrap_or_default()
    }
}

impl Api {
    /// The broker of this identity. Nothing is sent yet.
    pub fn new(identity: Identity) -> Result<Self, ClientError> {
        let http = Client::new(&identity.broker, LIMIT)?;
        Ok(Self { http, identity, session: Mutex::new(None), clock: Arc::new(SystemClock), rng: Arc::new(SystemRng) })
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
        let Identity { broker, principal, keys, .. } = &self.identity;
        let assertion = hallpass_tokens::assertion::create(keys.signer(), principal, broker, self.clock.now(), self.rng.as_ref())
            .map_err(|e| ClientError::Internal(format!("no assertion can be made: {e}")))?;
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion.expose()),
        ];
        let answer = self.http.json(Method::POST, "/oauth/token", None, Body::Form(&form)).await?;
        let token = answer.at("access_token").as_str();
        let token = token.ok_or_else(|| ClientError::Internal(String::from("the broker gave no session token")))?;
        let token = Arc::new(SecretText::new(token.to_owned()));
        *session = Some(Arc::clone(&token));
        Ok(token)
    }

    /// One call. A session that has expired is renewed once.
    async fn call(&self, method: Method, path: &str, body: Body<'_>) -> Result<Value, ClientError> {
        self.call_by(&self.http, method, path, body).await
    }

    async fn call_by(&self, http: &Client, method: Method, path: &str, body: Body<'_>) -> Result<Value, ClientError> {
        let token = self.token().await?;
        match http.json(method.clone(), path, Some(&token), body).await {
            Err(EgressError::Refused(problem)) if problem.status == 401 => {
                self.session.lock().await.take();
                let token = self.token().await?;
                Ok(http.json(method, path, Some(&token), body).await?)
            }
            other => Ok(other?),
        }
    }

    /// GET.
    pub(super) async fn get(&self, path: &str) -> Result<Value, ClientError> {
        self.call(Method::GET, path, Body::None).await
    }

    /// GET of text.
    pub(super) async fn text(&self, path: &str) -> Result<String, ClientError> {
        let token = self.token().await?;
        Ok(self.http.text(Method::GET, path, Some(&token), Body::None).await?)
    }

    /// POST with a JSON body.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        self.call(Method::POST, path, Body::Json(body)).await
    }

    /// PUT with a JSON body.
    pub(super) async fn put(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        self.call(Method::PUT, path, Body::Json(body)).await
    }

    pub(super) async fn patch(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        self.call(Method::PATCH, path, Body::Json(body)).await
    }

    pub(super) async fn delete(&self, path: &str) -> Result<Value, ClientError> {
        self.call(Method::DELETE, path, Body::None).await
    }

    /// POST of a file.
    pub(super) async fn upload(&self, path: &str, media_type: &str, file: &[u8]) -> Result<Value, ClientError> {
        self.call_by(&self.http.within(LOADING), Method::POST, path, Body::Bytes(media_type, file)).await
    }

    /// Opens a credential with the caller's key.
    pub(super) fn open_credential(&self, grant: &str, answer: &Value) -> Result<Value, ClientError> {
        let wrong = |what: &str| ClientError::Internal(format!("the broker's answer is no credential: {what}"));
        if !answer.at("clear").is_null() {
            return Ok(answer.at("clear").clone());
        }
        let sealed = answer.at("sealed").as_str().ok_or_else(|| wrong("it holds none"))?;
        let sealed = STANDARD.decode(sealed).map_err(|_| wrong("it is not base64"))?;
        let opened = self.identity.keys.open(grant, &sealed).map_err(|e| ClientError::Internal(e.to_string()))?;
        serde_json::from_slice(opened.expose()).map_err(|_| wrong("it is not JSON"))
    }

    /// Waits a little.
    pub(super) async fn pause(&self, length_ms: u64) {
        self.clock.sleep_until(self.clock.now().plus(length_ms)).await;
    }

    /// What time it is here.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
