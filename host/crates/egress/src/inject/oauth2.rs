//! Client credentials (RFC 6749, section 4.4): the host fetches a token, keeps it while it lasts, and injects it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use hallpass_domain::clock::Timestamp;
use hallpass_domain::ids::TargetId;
use hallpass_domain::secret::SecretText;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use zeroize::Zeroizing;

use super::Basic;
use crate::fingerprint::Fingerprint;
use crate::head::Head;
use crate::origin::Origin;
use crate::path;

/// Longest answer of a token endpoint, in bytes.
pub(crate) const MOST_ANSWER_BYTES: usize = 64 * 1024;
/// Longest token, in bytes. It goes into a header.
const MOST_TOKEN_BYTES: usize = 16 * 1024;
/// A token is fetched anew so long before it ends, in milliseconds.
const EARLY_MS: u64 = 30_000;
/// How long a token is kept whose end nobody said, in milliseconds.
const UNSAID_MS: u64 = 300_000;

/// How the client says who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// In `Authorization`.
    Basic,
    /// In the form.
    Form,
}

/// Where a token is fetched, and with what.
pub struct OAuth2 {
    /// The token endpoint's origin.
    pub origin: Origin,
    /// Its path.
    pub path: String,
    /// The client's id.
    pub client_id: String,
    /// The client's secret.
    pub secret: SecretText,
    /// How it is sent.
    pub auth: ClientAuth,
    /// Further fields of the form: `scope`, `audience`, `resource`.
    pub fields: Vec<(String, String)>,
}

impl OAuth2 {
    /// Tells apart what is asked for, of whom and as whom, of an endpoint that has these root certificates.
    pub(crate) fn fingerprint(&self, roots: Option<&str>) -> Fingerprint {
        let origin = self.origin.to_string();
        let auth = match self.auth {
            ClientAuth::Basic => "basic",
            ClientAuth::Form => "form",
        };
        let fixed = [origin.as_str(), &self.path, &self.client_id, self.secret.expose(), auth, roots.unwrap_or_default()];
        Fingerprint::of(fixed.into_iter().chain(self.fields.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()])))
    }

    /// The request for a token.
    pub(crate) fn request(&self) -> Result<Head, String> {
        let mut form = Zeroizing::new(String::from("grant_type=client_credentials"));
        let mut field = |name: &str, value: &str| {
            form.push('&');
            form.push_str(&path::encode(name));
            form.push('=');
            form.push_str(&path::encode(value));
        };
        for (name, value) in &self.fields {
            field(name, value);
        }
        if self.auth == ClientAuth::Form {
            field("client_id", &self.client_id);
            field("client_secret", self.secret.expose());
        }
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let body = Bytes::copy_from_slice(form.as_bytes());
        let mut head = Head::new(Method::POST, self.origin.clone(), self.path.clone(), Vec::new(), &headers, body);
        if self.auth == ClientAuth::Basic {
            // Section 2.3.1: both are form-encoded first.
            let basic = Basic { user: path::encode(&self.client_id), password: SecretText::new(path::encode(self.secret.expose())) };
            basic.inject(&mut head)?;
        }
        Ok(head)
    }
}

/// A token and when it is fetched anew.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) value: SecretText,
    pub(crate) until: Timestamp,
}

/// Reads what a token endpoint answered. The error is a sentence without anything of the answer but its error code.
pub(crate) fn read(status: http::StatusCode, body: &[u8], now: Timestamp) -> Result<Token, String> {
    let document: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| document.get(name).and_then(serde_json::Value::as_str);
    if !status.is_success() {
        let code: String =
            text("error").unwrap_or("no error code").chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(64).collect();
        return Err(format!("the token endpoint answered {} ({code}): check the client's id, secret and scope", status.as_u16()));
    }
    let value = text("access_token").filter(|t| !t.is_empty()).ok_or("the token endpoint answered without an `access_token`")?;
    if value.len() > MOST_TOKEN_BYTES {
        return Err(format!("the token endpoint gave a token of more than {MOST_TOKEN_BYTES} bytes"));
    }
    if text("token_type").is_some_and(|t| !t.eq_ignore_ascii_case("bearer")) {
        return Err("the token endpoint gave a token that is no bearer token".to_owned());
    }
    let lasts = document.get("expires_in").and_then(serde_json::Value::as_u64).map_or(UNSAID_MS, |s| s.saturating_mul(1000));
    Ok(Token { value: SecretText::new(value.to_owned()), until: now.plus(lasts.saturating_sub(EARLY_MS.min(lasts / 2))) })
}

/// Whose token it is.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Owner {
    pub(crate) target: TargetId,
    /// Of the target's settings.
    pub(crate) revision: i64,
    /// The name of the credential.
    pub(crate) credential: String,
    /// What that is in this version of the connector: a token that another one fetched is none for it.
    pub(crate) client: Fingerprint,
}

type Slot = Arc<tokio::sync::Mutex<Option<Token>>>;

/// Tokens that still last.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<HashMap<Owner, Slot>>);

impl Tokens {
    /// Where the owner's token is kept. Whoever holds the lock fetches it; the others wait and find it.
    pub(crate) fn slot(&self, owner: &Owner) -> Slot {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|other, _| other.target != owner.target || other.revision >= owner.revision);
        Arc::clone(all.entry(owner.clone()).or_default())
    }

    /// Forgets a token that the target did not take.
    pub(crate) fn forget(&self, owner: &Owner) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(owner);
    }
}
