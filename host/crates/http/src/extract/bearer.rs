//! Who calls: a session token in `Authorization: Bearer` (RFC 6750, section 2.1), and nowhere else.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use hallpass_broker::OpContext;

use crate::app::App;
use crate::problem::Problem;

/// Longer than any token of ours.
const MOST_BYTES: usize = 1024;

/// The caller. A handler that takes it cannot be reached without a good token.
pub(crate) struct Caller(pub(crate) OpContext);

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let token = bearer(&parts.headers)?;
        Ok(Self(app.broker.authenticate(token).await?))
    }
}

/// The one bearer token of a call.
pub(super) fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let wrong = |token_given, reason: &str| Problem::Unauthenticated { token_given, reason: reason.into() };
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = all.next() else { return Err(wrong(false, "This call needs a session token.")) };
    if all.next().is_some() {
        return Err(wrong(true, "There is more than one Authorization header."));
    }
    let parts = value.to_str().ok().and_then(|text| text.split_once(' '));
    let Some((_, token)) = parts.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) else {
        return Err(wrong(false, "The Authorization header is not `Bearer` and a session token."));
    };
    let token = token.trim_matches(' ');
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=');
    if token.is_empty() || token.len() > MOST_BYTES || !token.bytes().all(allowed) {
        return Err(wrong(true, "The session token is not one of ours."));
    }
    Ok(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        values.iter().map(|v| (header::AUTHORIZATION, v.parse().unwrap())).collect()
    }

    #[test]
    fn one_bearer_token_is_read_and_nothing_else() {
        assert_eq!(bearer(&headers(&["bearer abc.DEF-1"])).unwrap(), "abc.DEF-1");
        for (bad, token_given) in [
            (&[][..], false),
            (&["Basic YTpi"][..], false),
            (&["Bearer"][..], false),
            (&["Bearer "][..], true),
            (&["Bearer a b"][..], true),
            (&["Bearer a\"b"][..], true),
            (&["Bearer abc", "Bearer abc"][..], true),
        ] {
            let problem = bearer(&headers(bad)).unwrap_err();
            assert!(matches!(problem, Problem::Unauthenticated { token_given: given, .. } if given == token_given), "{bad:?}");
        }
        assert!(bearer(&headers(&[&format!("Bearer {}", "a".repeat(MOST_BYTES + 1))])).is_err());
    }
}
