//! What `assertion` must do.

use ed25519_dalek::Signer as _;
use hallpass_domain::rng::SeededRng;
use serde_json::json;

use super::*;

const BROKER: &str = "https://broker.example";
const CLIENT: &str = "pr_01j00000000000000000000000";
const NOW: Timestamp = Timestamp(1_800_000_000_000);

struct Key(ed25519_dalek::SigningKey);

impl Signer for Key {
    fn key_id(&self) -> u32 {
        0
    }
    fn public_key(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

fn key(seed: u8) -> Key {
    Key(ed25519_dalek::SigningKey::from_bytes(&[seed; 32]))
}

fn good() -> String {
    create(&key(1), CLIENT, BROKER, NOW, &SeededRng::new(1)).unwrap().expose().to_owned()
}

fn check(assertion: &str) -> Result<Verified, AssertionError> {
    verify(assertion, &key(1).public_key(), BROKER, NOW)
}

/// Signs whatever header and claims.
fn signed(header: &serde_json::Value, claims: &serde_json::Value) -> String {
    let text = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(Signer::sign(&key(1), text.as_bytes()));
    format!("{text}.{signature}")
}

fn claims(change: impl FnOnce(&mut serde_json::Value)) -> String {
    let exp = NOW.seconds() + 60;
    let mut claims = json!({"iss": CLIENT, "sub": CLIENT, "aud": BROKER, "exp": exp, "jti": "0123456789abcdef"});
    change(&mut claims);
    signed(&json!({"alg": "EdDSA"}), &claims)
}

#[test]
fn an_assertion_says_who_to_one_broker_for_a_minute() {
    let text = good();
    assert_eq!(subject(&text).unwrap(), CLIENT);
    let verified = check(&text).unwrap();
    assert_eq!((verified.client.as_str(), verified.expires), (CLIENT, NOW.plus(60_000)));
    assert!(check(&claims(|_| ())).is_ok());
    assert!(check(&claims(|c| c["aud"] = json!([BROKER]))).is_ok());
    let again = create(&key(1), CLIENT, BROKER, NOW, &SeededRng::new(2)).unwrap();
    assert_ne!(check(again.expose()).unwrap().jti, verified.jti, "each has a name of its own");
}

#[test]
fn the_signature_of_another_key_and_any_altered_character_are_refused() {
    assert_eq!(verify(&good(), &key(2).public_key(), BROKER, NOW), Err(AssertionError::BadSignature));
    let text = good();
    for index in 0..text.len() {
        let other = if text.as_bytes()[index] == b'A' { "B" } else { "A" };
        let altered = format!("{}{other}{}", &text[..index], &text[index + 1..]);
        assert!(check(&altered).is_err(), "character {index}");
    }
}

#[test]
fn time_is_ours_and_five_minutes_are_the_most() {
    let at = |time: Timestamp| verify(&good(), &key(1).public_key(), BROKER, time);
    assert!(at(NOW.plus(59_999)).is_ok());
    assert_eq!(at(NOW.plus(60_000)), Err(AssertionError::Time));
    assert!(at(NOW.minus(5_000)).is_ok(), "the client's clock may be a little ahead");
    assert_eq!(at(NOW.minus(6_000)), Err(AssertionError::Time));
    let with = |name: &str, seconds: i64| check(&claims(|c| c[name] = json!(NOW.seconds() + seconds)));
    assert!(with("exp", 305).is_ok());
    for (name, seconds) in [("exp", 306), ("exp", 0), ("exp", -1), ("nbf", 6), ("iat", 6)] {
        assert_eq!(with(name, seconds), Err(AssertionError::Time), "{name} {seconds}");
    }
    assert_eq!(check(&claims(|c| c["exp"] = json!(i64::MAX))), Err(AssertionError::Time));
}

#[test]
fn another_audience_is_refused_even_beside_ours() {
    for aud in [json!("https://broker.example/"), json!(["https://other.example"])] {
        assert!(matches!(check(&claims(|c| c["aud"] = aud)), Err(AssertionError::Audience { .. })));
    }
    let both = check(&claims(|c| c["aud"] = json!([BROKER, "https://other.example"])));
    assert!(matches!(both, Err(AssertionError::Malformed(_))));
}

#[test]
fn a_header_cannot_choose_how_it_is_verified() {
    let body = json!({"iss": CLIENT, "sub": CLIENT, "aud": BROKER, "exp": NOW.seconds() + 60, "jti": "0123456789abcdef"});
    for header in [
        json!({"alg": "none"}),
        json!({"alg": "HS256"}),
        json!({"alg": "eddsa"}),
        json!({"alg": "EdDSA", "crit": ["b64"], "b64": false}),
        json!({"alg": "EdDSA", "jwk": {}}),
        json!({"alg": "EdDSA", "typ": "at+jwt"}),
        json!({}),
    ] {
        assert!(matches!(check(&signed(&header, &body)), Err(AssertionError::Malformed(_))), "{header}");
    }
    assert!(check(&signed(&json!({"alg": "EdDSA", "typ": "JWT", "kid": "1"}), &body)).is_ok());
}

#[test]
fn claims_must_be_there_and_of_one_client() {
    for name in ["iss", "sub", "aud", "exp", "jti"] {
        let without = claims(|c| {
            c.as_object_mut().unwrap().remove(name);
        });
        assert!(matches!(check(&without), Err(AssertionError::Malformed(_))), "{name}");
    }
    assert!(matches!(check(&claims(|c| c["iss"] = json!("pr_other"))), Err(AssertionError::Malformed(_))));
    assert!(matches!(check(&claims(|c| c["jti"] = json!("short"))), Err(AssertionError::Malformed(_))));
    assert!(matches!(check(&claims(|c| c["admin"] = json!(true))), Err(AssertionError::Malformed(_))));
}

#[test]
fn what_is_no_jwt_is_malformed() {
    for text in ["", "a.b", "a.b.c", "...", &good().replace('.', ""), &format!("{}.x", good()), &"a".repeat(5000), "ü.ü.ü"] {
        assert!(matches!(check(text), Err(AssertionError::Malformed(_))), "{text:?}");
        assert!(matches!(subject(text), Err(AssertionError::Malformed(_))), "{text:?}");
    }
    // A key of small order verifies many signatures: strict verification refuses it.
    let weak: [u8; 32] = [[1u8].as_slice(), &[0; 31]].concat().try_into().unwrap();
    assert_eq!(verify(&good(), &weak, BROKER, NOW), Err(AssertionError::BadSignature));
}
