//! The head of a request on its way out: what the caller may say in it, and what only the host does.

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, HOST, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::Full;

use crate::limits::Bounds;
use crate::origin::Origin;
use crate::path;
use crate::refusal::Refusal;

const OUR_USER_AGENT: &str = concat!("hallpass/", env!("CARGO_PKG_VERSION"));

/// What a caller may not say: who it is, how the connection is kept, how the body is framed or coded, which method is meant really,
/// and which part of an answer is wanted: half of a secret looks like none.
const HOSTS_OWN: [&str; 30] = [
    "authorization",
    "proxy-authorization",
    "proxy-authenticate",
    "proxy-connection",
    "www-authenticate",
    "cookie",
    "cookie2",
    "host",
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "content-length",
    "upgrade",
    "expect",
    "http2-settings",
    "accept-encoding",
    "content-encoding",
    "forwarded",
    "via",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
    "x-amz-security-token",
    "range",
    "if-range",
    "request-range",
];

/// Whether only the host says this header.
pub fn is_hosts_own(name: &HeaderName) -> bool {
    HOSTS_OWN.contains(&name.as_str()) || name.as_str().starts_with("x-forwarded-") || name.as_str().starts_with("sec-")
}

/// A request, decided on and not yet sent.
#[derive(Clone)]
pub(crate) struct Head {
    pub(crate) method: Method,
    pub(crate) origin: Origin,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Head {
    /// Takes over what the caller may say of `headers`.
    pub(crate) fn new(
        method: Method,
        origin: Origin,
        path: String,
        query: Vec<(String, String)>,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Self {
        let mut kept = HeaderMap::with_capacity(headers.len() + 4);
        for (name, value) in headers {
            if !is_hosts_own(name) {
                kept.append(name.clone(), value.clone());
            }
        }
        Self { method, origin, path, query, headers: kept, body }
    }

    /// Puts a header in, in place of whatever the caller said.
    pub(crate) fn set(&mut self, name: HeaderName, value: HeaderValue) {
        self.headers.insert(name, value);
    }

    /// Path and query as they are sent.
    pub(crate) fn target(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, path::write_query(&self.query)) }
    }

    /// The request as it goes over the wire.
    pub(crate) fn request(&self) -> Result<Request<Full<Bytes>>, Refusal> {
        let broken = |e: String| Refusal::Broken(e);
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.target().parse::<Uri>().map_err(|e| broken(e.to_string()))?;
        let headers = request.headers_mut();
        *headers = self.headers.clone();
        headers.insert(HOST, HeaderValue::try_from(self.origin.authority()).map_err(|e| broken(e.to_string()))?);
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.insert(USER_AGENT, HeaderValue::from_static(OUR_USER_AGENT));
        let bodiless = matches!(self.method, Method::GET | Method::HEAD | Method::DELETE);
        if !(self.body.is_empty() && bodiless) {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(self.body.len()));
        }
        Ok(request)
    }
}

/// Checks what a caller says against the bounds.
pub(crate) fn check_size(headers: &HeaderMap, bounds: &Bounds) -> Result<(), Refusal> {
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if headers.len() > bounds.headers {
        return Err(Refusal::TooMuch { what: "more headers in a request", limit: u64::try_from(bounds.headers).unwrap_or(u64::MAX) });
    }
    if bytes > bounds.header_bytes {
        return Err(Refusal::TooMuch { what: "more bytes of headers", limit: u64::try_from(bounds.header_bytes).unwrap_or(u64::MAX) });
    }
    Ok(())
}
