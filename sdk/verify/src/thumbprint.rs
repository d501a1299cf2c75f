//! The name of a key: its JWK thumbprint (RFC 7638) with SHA-256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// The thumbprint of an Ed25519 public key as a JWK (RFC 8037): base64url without padding, 43 characters. It is the
/// `jkt` by which passes name their holder.
pub fn thumbprint(public_key: &[u8; 32]) -> String {
    // The members in lexicographic order, without white space: RFC 7638, section 3.2.
    let jwk = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, URL_SAFE_NO_PAD.encode(public_key));
    URL_SAFE_NO_PAD.encode(Sha256::digest(jwk.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_8037_has_its_thumbprint() {
        // RFC 8037, appendix A.3.
        let key: [u8; 32] = URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap().try_into().unwrap();
        assert_eq!(thumbprint(&key), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}
