//! The form of a token call (RFC 6749, section 4.4; RFC 7523, section 2.2).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::refusal::Refusal;

/// The only grant type.
pub(super) const GRANT_TYPE: &str = "client_credentials";
/// The only kind of assertion.
pub(super) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Reads the form and gives back the assertion. Unknown parameters are ignored (RFC 6749, section 3.2), a repeated one is not.
pub(super) fn assertion(body: &[u8]) -> Result<String, Refusal> {
    let mut form: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(body) {
        if form.insert(name.into_owned(), value.into_owned()).is_some() {
            return Err(Refusal::invalid_request("a parameter stands there twice"));
        }
    }
    match form.get("grant_type").map(String::as_str) {
        Some(GRANT_TYPE) => {}
        Some(_) => return Err(Refusal::unsupported_grant_type()),
        None => return Err(Refusal::invalid_request("grant_type is missing: it is client_credentials")),
    }
    if form.contains_key("client_secret") {
        return Err(Refusal::invalid_client("there are no client secrets here: sign an assertion (private_key_jwt)"));
    }
    if form.get("scope").is_some_and(|scope| !scope.is_empty()) {
        return Err(Refusal::invalid_scope());
    }
    if form.get("client_assertion_type").map(String::as_str) != Some(ASSERTION_TYPE) {
        return Err(Refusal::invalid_client("client_assertion_type must be urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));
    }
    let assertion = form.remove("client_assertion").filter(|a| !a.is_empty());
    let assertion = assertion.ok_or_else(|| Refusal::invalid_client("client_assertion is missing"))?;
    if let Some(client) = form.get("client_id")
        && subject(&assertion).as_deref() != Some(client)
    {
        return Err(Refusal::invalid_client("client_id is not the subject of the assertion"));
    }
    Ok(assertion)
}

/// Whom an assertion claims to be from. Not verified here: only compared with what the form says.
fn subject(assertion: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Claims {
        sub: String,
    }
    let claims = URL_SAFE_NO_PAD.decode(assertion.split('.').nth(1)?).ok()?;
    serde_json::from_slice::<Claims>(&claims).ok().map(|claims| claims.sub)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(pairs: &[(&str, &str)]) -> Vec<u8> {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish().into_bytes()
    }

    #[test]
    fn only_a_signed_assertion_for_client_credentials_is_taken() {
        let claims = URL_SAFE_NO_PAD.encode(r#"{"sub":"pr_1"}"#);
        let jwt = format!("h.{claims}.s");
        let good = [("grant_type", GRANT_TYPE), ("client_assertion_type", ASSERTION_TYPE), ("client_assertion", jwt.as_str())];
        assert_eq!(assertion(&form(&good)).unwrap(), jwt);
        let with = |name, value| [&good[..], &[(name, value)]].concat();
        assert!(assertion(&form(&with("client_id", "pr_1"))).is_ok());
        assert!(assertion(&form(&with("something", "else"))).is_ok());
        for (pairs, error) in [
            (vec![], "invalid_request"),
            (with("grant_type", GRANT_TYPE), "invalid_request"),
            (vec![("grant_type", "password"), ("username", "a"), ("password", "b")], "unsupported_grant_type"),
            (vec![("grant_type", "authorization_code")], "unsupported_grant_type"),
            (vec![("grant_type", GRANT_TYPE), ("client_id", "a"), ("client_secret", "b")], "invalid_client"),
            (with("client_secret", "b"), "invalid_client"),
            (with("scope", "admin"), "invalid_scope"),
            (with("client_id", "pr_2"), "invalid_client"),
            (good[..2].to_vec(), "invalid_client"),
            (vec![good[0], good[2]], "invalid_client"),
            (vec![good[0], good[1], ("client_assertion", "")], "invalid_client"),
        ] {
            assert_eq!(assertion(&form(&pairs)).unwrap_err().error(), error, "{pairs:?}");
        }
    }
}
