//! Client assertions: `private_key_jwt` (RFC 7523) with EdDSA over Ed25519 (RFC 8037), and nothing else.
//!
//! A JWT whose header can choose the algorithm, the key or a compression is the source of most JWT faults. Here the
//! header has one value, and whatever else it says is refused; so is a claim that we do not know.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, VerifyingKey};
use hallpass_domain::rng::RngError;
use hallpass_domain::secret::{SecretText, Signer};
use hallpass_domain::{Millis, Rng, Timestamp};
use serde::{Deserialize, Serialize};

/// Longest life of an assertion.
pub const MAX_MS: Millis = 5 * 60 * 1000;
/// What [`create`] gives: it is used at once.
const LIFE_S: i64 = 60;
/// A client's clock may be this far ahead of ours.
const SKEW_S: i64 = 5;
const MAX_BYTES: usize = 4096;
const JTI_BYTES: std::ops::RangeInclusive<usize> = 16..=128;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    typ: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    jti: String,
}

/// One audience, written as a string or as a list of one.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    List([String; 1]),
}

/// A verified assertion. Whoever accepts it spends `jti` until `expires`, so that it counts once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The client: a principal's id.
    pub client: String,
    /// Unique per client.
    pub jti: String,
    /// When it ends.
    pub expires: Timestamp,
}

/// An assertion was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssertionError {
    /// Not of the form that is taken.
    #[error("the client assertion is malformed: {0}; it must be a JWT of alg EdDSA with iss, sub, aud, exp and jti")]
    Malformed(&'static str),
    /// The key that the client enrolled did not sign it.
    #[error("the client assertion is not signed by the key that this client enrolled")]
    BadSignature,
    /// For someone else.
    #[error("the client assertion is for another audience: its aud must be {expected}")]
    Audience {
        /// What it must name.
        expected: String,
    },
    /// Over, or not begun.
    #[error("the client assertion is not valid now: exp must lie ahead, at most five minutes; check the clock")]
    Time,
}

/// Makes an assertion for `client`, valid for a minute.
pub fn create(signer: &dyn Signer, client: &str, audience: &str, now: Timestamp, rng: &dyn Rng) -> Result<SecretText, RngError> {
    let header = Header { alg: "EdDSA".to_owned(), typ: Some("JWT".to_owned()), kid: None };
    let claims = Claims {
        iss: client.to_owned(),
        sub: client.to_owned(),
        aud: Audience::One(audience.to_owned()),
        exp: now.seconds() + LIFE_S,
        iat: Some(now.seconds()),
        nbf: None,
        jti: URL_SAFE_NO_PAD.encode(hallpass_domain::rng::bytes::<16>(rng)?),
    };
    let signed = format!("{}.{}", part(&header), part(&claims));
    let signature = URL_SAFE_NO_PAD.encode(signer.sign(signed.as_bytes()));
    Ok(SecretText::new(format!("{signed}.{signature}")))
}

/// The client that an assertion speaks of, unverified: for finding the key to [`verify`] it with.
pub fn subject(assertion: &str) -> Result<String, AssertionError> {
    Ok(split(assertion)?.claims.sub)
}

/// Verifies an assertion with the public key that its subject enrolled.
pub fn verify(assertion: &str, key: &[u8; 32], audience: &str, now: Timestamp) -> Result<Verified, AssertionError> {
    let Parts { signed, signature, claims } = split(assertion)?;
    let key = VerifyingKey::from_bytes(key).map_err(|_| AssertionError::BadSignature)?;
    key.verify_strict(signed.as_bytes(), &signature).map_err(|_| AssertionError::BadSignature)?;
    if claims.iss != claims.sub {
        return Err(AssertionError::Malformed("iss and sub must both be the client's id"));
    }
    let (Audience::One(named) | Audience::List([named])) = &claims.aud;
    if named != audience {
        return Err(AssertionError::Audience { expected: audience.to_owned() });
    }
    let now = now.seconds();
    let longest = i64::try_from(MAX_MS / 1000).unwrap_or(i64::MAX).saturating_add(now).saturating_add(SKEW_S);
    let begun = |time: Option<i64>| time.is_none_or(|t| t <= now.saturating_add(SKEW_S));
    if claims.exp <= now || claims.exp > longest || !begun(claims.nbf) || !begun(claims.iat) {
        return Err(AssertionError::Time);
    }
    if !JTI_BYTES.contains(&claims.jti.len()) {
        return Err(AssertionError::Malformed("jti must be 16 to 128 bytes long"));
    }
    Ok(Verified { client: claims.sub, jti: claims.jti, expires: Timestamp(claims.exp.saturating_mul(1000)) })
}

struct Parts<'a> {
    signed: &'a str,
    signature: Signature,
    claims: Claims,
}

fn split(assertion: &str) -> Result<Parts<'_>, AssertionError> {
    if assertion.len() > MAX_BYTES {
        return Err(AssertionError::Malformed("longer than 4 KiB"));
    }
    let parts = AssertionError::Malformed("not three parts of base64url");
    let (signed, signature) = assertion.rsplit_once('.').ok_or(parts.clone())?;
    let (header, claims) = signed.split_once('.').ok_or(parts.clone())?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| parts.clone());
    let header: Header =
        serde_json::from_slice(&decode(header)?).map_err(|_| AssertionError::Malformed("a header beyond alg, typ and kid"))?;
    if header.alg != "EdDSA" || header.typ.is_some_and(|t| !t.eq_ignore_ascii_case("jwt") && t != "client-authentication+jwt") {
        return Err(AssertionError::Malformed("alg must be EdDSA, and typ JWT"));
    }
    let claims = serde_json::from_slice(&decode(claims)?)
        .map_err(|_| AssertionError::Malformed("claims are missing, unknown or of another kind"))?;
    let signature = Signature::from_slice(&decode(signature)?).map_err(|_| AssertionError::Malformed("no signature of 64 bytes"))?;
    Ok(Parts { signed, signature, claims })
}

fn part(value: &impl Serialize) -> String {
    // Structs of strings and integers always become JSON.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).unwrap_or_default())
}

#[cfg(test)]
mod tests;
