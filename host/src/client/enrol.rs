//! Enrolment: keys made here, registered once with a one-time link.

use std::sync::Arc;
use std::time::Duration;

use hallpass_domain::rng::SystemRng;
use hallpass_egress::{Body, Client, Method};
use hallpass_keyring::ClientKeys;
use serde_json::json;

use super::api::ClientError;
use super::document::Look as _;
use super::profiles::Identity;

const LIMIT: Duration = Duration::from_secs(30);

/// Makes keys, registers them with the link, and says who one is from now on.
pub async fn enrol(link: &str) -> Result<Identity, ClientError> {
    let (broker, token) = parts(link)?;
    let keys = ClientKeys::generate(&SystemRng).map_err(|e| ClientError::Internal(e.to_string()))?;
    let body = json!({
        "signing_key": keys.signing_public(), "recipient_key": keys.recipient_public(), "proof": keys.enrolment_proof(token),
    });
    let http = Client::new(broker, LIMIT)?;
    let principal = http.json(Method::POST, &format!("/enrol/{token}"), None, Body::Json(&body)).await?;
    let field = |name: &str| {
        let text = principal.at(name).as_str().map(str::to_owned);
        text.ok_or_else(|| ClientError::Internal(format!("the broker's answer to the enrolment names no {name}")))
    };
    Ok(Identity { broker: broker.to_owned(), principal: field("id")?, name: field("name")?, keys: Arc::new(keys) })
}

/// The broker's address and the token of a link.
fn parts(link: &str) -> Result<(&str, &str), ClientError> {
    let parts = link.trim().split_once("/enrol/").filter(|(broker, token)| {
        let address = url::Url::parse(broker).is_ok_and(|u| matches!(u.scheme(), "http" | "https"));
        address && !token.is_empty() && token.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    });
    parts.ok_or_else(|| ClientError::Profile {
        reason: String::from("this is no enrolment link: it must look like https://hallpass.example/enrol/TOKEN; an operator gets one with `hallpass principal invite NAME`"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_an_address_and_a_token() {
        assert_eq!(parts("http://127.0.0.1:8420/enrol/abc-D_1\n").unwrap(), ("http://127.0.0.1:8420", "abc-D_1"));
        for bad in ["", "abc", "http://127.0.0.1/enrol/", "ftp://x/enrol/a", "http://x/enrol/a?b", "http://x/enrol/a/../b", "/enrol/a"] {
            assert!(parts(bad).is_err(), "{bad}");
        }
    }
}
