//! What a target answered, and what its status means.

use super::Method;
use crate::{Effect, Failure, FailureKind};

/// An answer, read whole. Secrets that the host knows are replaced in it; those that the manifest captures read `(captured)`.
#[derive(Clone, Debug)]
pub struct Answer {
    pub(super) method: Method,
    pub(super) status: u16,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// The status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The first header of this name, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.and_then(|(_, value)| core::str::from_utf8(value).ok())
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body as text. Errors: `unexpected-answer`, when it is no UTF-8.
    pub fn text(self) -> Result<String, Failure> {
        String::from_utf8(self.body)
            .map_err(|_| Failure::unavailable("unexpected-answer", "the target answered with what is no UTF-8 text"))
    }

    /// The answer, where its status is 2xx; else [`Answer::failure`].
    pub fn success(self) -> Result<Self, Failure> {
        if (200..300).contains(&self.status) { Ok(self) } else { Err(self.failure()) }
    }

    /// The failure that this status usually means: 401, 403, 404, 409, 429 and 5xx each have a kind of their own. A 5xx after a request
    /// that may change something leaves its effect unknown.
    pub fn failure(&self) -> Failure {
        let (kind, code, what) = match self.status {
            400 | 422 => (FailureKind::InvalidInput, "refused-input", "does not take the request as it is"),
            401 => {
                (FailureKind::Unauthenticated, "unauthenticated", "does not take the broker's credential: renew it in the target's secrets")
            }
            403 => (FailureKind::Forbidden, "forbidden", "does not let the broker's account do this: give it the right"),
            404 | 410 => (FailureKind::NotFound, "not-found", "has not what the request names"),
            409 | 412 => (FailureKind::Conflict, "conflict", "holds something that contradicts the request"),
            408 => (FailureKind::Timeout, "timeout", "did not get the request in time"),
            429 => (FailureKind::RateLimited, "rate-limited", "asks to slow down"),
            500..=599 => (FailureKind::Unavailable, "unavailable", "is not able to answer"),
            _ => (FailureKind::Unavailable, "unexpected-status", "gave an answer that this connector does not know"),
        };
        let failure = Failure::new(kind, code, format!("the target {what} (status {})", self.status));
        let failure = match self.header("retry-after").and_then(|s| s.trim().parse::<u64>().ok()) {
            Some(seconds) => failure.retry_after_ms(seconds.saturating_mul(1000)),
            None => failure,
        };
        let refused = (400..500).contains(&self.status) && self.status != 408;
        if self.method.is_harmless() || refused { failure } else { failure.leaving(Effect::Unknown) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(method: Method, status: u16) -> Answer {
        let headers = vec![("Retry-After".to_owned(), b"7".to_vec())];
        Answer { method, status, headers, body: b"x".to_vec() }
    }

    #[test]
    fn a_status_means_what_http_says() {
        for (status, kind) in [
            (401, FailureKind::Unauthenticated),
            (403, FailureKind::Forbidden),
            (404, FailureKind::NotFound),
            (409, FailureKind::Conflict),
            (429, FailureKind::RateLimited),
            (500, FailureKind::Unavailable),
            (302, FailureKind::Unavailable),
        ] {
            assert_eq!(answer(Method::Get, status).success().unwrap_err().kind, kind, "{status}");
        }
        assert!(answer(Method::Get, 204).success().is_ok());
        assert_eq!(answer(Method::Get, 429).failure().retry_after_ms, Some(7_000));
    }

    #[test]
    fn only_a_refusal_promises_that_nothing_changed() {
        assert_eq!(answer(Method::Put, 409).failure().effect, Effect::None);
        assert_eq!(answer(Method::Put, 503).failure().effect, Effect::Unknown);
        assert_eq!(answer(Method::Get, 503).failure().effect, Effect::None);
    }
}
