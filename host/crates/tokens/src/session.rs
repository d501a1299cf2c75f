//! Session tokens and enrolment tokens: 256 random bits, of which the store keeps the SHA-256.
//!
//! A plain digest is enough: nobody can guess or tabulate 256 random bits.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hallpass_domain::Rng;
use hallpass_domain::ids::Digest;
use hallpass_domain::rng::RngError;
use hallpass_domain::secret::SecretText;

/// A new token as 43 characters of base64url, and its digest.
pub fn new(rng: &dyn Rng) -> Result<(SecretText, Digest), RngError> {
    let text = URL_SAFE_NO_PAD.encode(hallpass_domain::rng::bytes::<32>(rng)?);
    let stored = digest(&text);
    Ok((SecretText::new(text), stored))
}

/// The digest that a presented token is looked up by.
pub fn digest(token: &str) -> Digest {
    Digest::of(token.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hallpass_domain::rng::SeededRng;

    #[test]
    fn a_token_is_found_by_its_digest_and_no_two_are_alike() {
        let rng = SeededRng::new(1);
        let (one, stored) = new(&rng).unwrap();
        assert_eq!(digest(one.expose()), stored);
        assert_eq!(one.expose().len(), 43);
        let (two, other) = new(&rng).unwrap();
        assert!(one.expose() != two.expose() && stored != other);
        assert_ne!(digest(&one.expose()[1..]), stored);
    }
}
