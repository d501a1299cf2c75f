//! Calls to one broker.

use std::error::Error as _;
use std::time::Duration;

use hallpass_domain::secret::SecretText;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use url::Url;

use crate::address::{self, AddressError};
use crate::problem::Problem;

/// Longest answer that is read, in bytes.
pub const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;
const CONNECT: Duration = Duration::from_secs(5);
const USER_AGENT: &str = concat!("hallpass/", env!("CARGO_PKG_VERSION"));

/// What is sent along.
#[derive(Clone, Copy)]
pub enum Body<'a> {
    /// Nothing.
    None,
    /// A JSON document.
    Json(&'a Value),
    /// A form (RFC 6749 asks for it).
    Form(&'a [(&'a str, &'a str)]),
    /// Bytes of a media type.
    Bytes(&'a str, &'a [u8]),
}

/// A call that gave no good answer.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// The address is not usable.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The client could not be made, as when the machine has no root certificates.
    #[error("no HTTPS client can be made: {0}; install the system's root certificates (ca-certificates)")]
    Setup(String),
    /// Nobody answers there, or not in TLS that holds.
    #[error("{origin} cannot be reached: {cause}. Is it running, and is that its address?")]
    Unreachable {
        /// Scheme, host and port.
        origin: String,
        /// What happened.
        cause: String,
    },
    /// No answer in time. The call may have had its effect.
    #[error("{origin} did not answer within {} s: look whether the call took effect before you repeat it", .limit.as_secs())]
    TimedOut {
        /// Scheme, host and port.
        origin: String,
        /// The limit.
        limit: Duration,
    },
    /// It answered no.
    #[error("{0}")]
    Refused(Box<Problem>),
    /// It sent us elsewhere, which is not followed: tokens go to one address only.
    #[error("{origin} redirects to {to}: if you trust that address, use it instead")]
    Redirected {
        /// Scheme, host and port.
        origin: String,
        /// Where to.
        to: String,
    },
    /// The answer is too long, cut off, or not what a broker answers.
    #[error("{origin} gave an answer that is none of a Hallpass broker: {cause}. Is that its address?")]
    Unreadable {
        /// Scheme, host and port.
        origin: String,
        /// What is wrong with it.
        cause: String,
    },
}

/// Calls one broker.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    limit: Duration,
}

impl Client {
    /// A client of the broker at `base`; no call takes longer than `limit`.
    pub fn new(base: &str, limit: Duration) -> Result<Self, EgressError> {
        let base = address::parse(base)?;
        #[expect(clippy::disallowed_methods, reason = "this is the one place where an HTTP client is made")]
        let builder = reqwest::Client::builder();
        let builder = builder.redirect(reqwest::redirect::Policy::none()).retry(reqwest::retry::never()).no_proxy();
        let builder = builder.connect_timeout(CONNECT).user_agent(USER_AGENT).referer(false);
        let builder = if base.scheme() == "https" {
            // Another part of the process may have chosen it before: it is the only one that is linked.
            let _ = rustls::crypto::ring::default_provider().install_default();
            builder.https_only(true)
        } else {
            builder.tls_backend_preconfigured(without_roots().map_err(|e| EgressError::Setup(e.to_string()))?)
        };
        let http = builder.build().map_err(|e| EgressError::Setup(cause(&e)))?;
        Ok(Self { http, base, limit })
    }

    /// The same client, each of whose calls may take this long.
    #[must_use]
    pub fn within(&self, limit: Duration) -> Self {
        Self { limit, ..self.clone() }
    }

    /// Calls `path`, which begins with a slash and may carry a query, and reads the JSON of the answer; null where it is
    /// empty.
    pub async fn json(&self, method: Method, path: &str, bearer: Option<&SecretText>, body: Body<'_>) -> Result<Value, EgressError> {
        let bytes = self.bytes(method, path, bearer, body).await?;
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes).map_err(|e| self.unreadable(format!("it is no JSON: {e}")))
    }

    /// Like [`Client::json`], for an answer that is text.
    pub async fn text(&self, method: Method, path: &str, bearer: Option<&SecretText>, body: Body<'_>) -> Result<String, EgressError> {
        let bytes = self.bytes(method, path, bearer, body).await?;
        String::from_utf8(bytes).map_err(|_| self.unreadable("it is no UTF-8".to_owned()))
    }

    async fn bytes(&self, method: Method, path: &str, bearer: Option<&SecretText>, body: Body<'_>) -> Result<Vec<u8>, EgressError> {
        let request = self
            .http
            .request(method, self.url(path)?)
            .timeout(self.limit)
            .header(ACCEPT, "application/json, application/problem+json, text/plain");
        let request = match bearer {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        };
        let request = match body {
            Body::None => request,
            Body::Json(document) => request.header(CONTENT_TYPE, "application/json").body(document.to_string()),
            Body::Form(fields) => {
                let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
                request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form)
            }
            Body::Bytes(media_type, bytes) => request.header(CONTENT_TYPE, media_type).body(bytes.to_vec()),
        };
        let mut answer = request.send().await.map_err(|e| self.failed(&e))?;
        let status = answer.status();
        if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
            let to =
                answer.headers().get(reqwest::header::LOCATION).map(|to| String::from_utf8_lossy(to.as_bytes()).escape_debug().to_string());
            return Err(EgressError::Redirected { origin: self.origin(), to: to.unwrap_or_else(|| "nowhere".to_owned()) });
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|e| self.failed(&e))? {
            if bytes.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(self.unreadable(format!("it is longer than {MAX_ANSWER_BYTES} bytes")));
            }
            bytes.extend_from_slice(&chunk);
        }
        if status.is_success() { Ok(bytes) } else { Err(EgressError::Refused(Box::new(Problem::read(status, &bytes)))) }
    }

    fn url(&self, path: &str) -> Result<Url, EgressError> {
        let wrong = || AddressError { address: self.origin(), rule: "the path of a call must begin with a slash" };
        if !path.starts_with('/') {
            return Err(wrong().into());
        }
        let url = Url::parse(&format!("{}{path}", self.base.as_str().trim_end_matches('/'))).map_err(|_| wrong())?;
        if url.origin() == self.base.origin() { Ok(url) } else { Err(wrong().into()) }
    }

    fn origin(&self) -> String {
        self.base.origin().ascii_serialization()
    }

    fn unreadable(&self, cause: String) -> EgressError {
        EgressError::Unreadable { origin: self.origin(), cause }
    }

    fn failed(&self, error: &reqwest::Error) -> EgressError {
        if error.is_timeout() && !error.is_connect() {
            return EgressError::TimedOut { origin: self.origin(), limit: self.limit };
        }
        if error.is_connect() || error.is_request() {
            return EgressError::Unreachable { origin: self.origin(), cause: cause(error) };
        }
        self.unreadable(cause(error))
    }
}

/// The innermost cause: what the operating system or TLS said, without the URL, which may carry a one-time token.
fn cause(error: &reqwest::Error) -> String {
    let mut innermost: Option<&dyn std::error::Error> = error.source();
    while let Some(deeper) = innermost.and_then(std::error::Error::source) {
        innermost = Some(deeper);
    }
    innermost.map_or_else(|| "the request failed".to_owned(), ToString::to_string)
}

/// TLS is not spoken over plain HTTP, but the client wants a configuration; so no root certificates are needed here.
fn without_roots() -> Result<rustls::ClientConfig, rustls::Error> {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth())
}

#[cfg(test)]
mod tests;
