//! Sealing a credential to the one who will pick it up: HPKE (RFC 9180), base mode, DHKEM(X25519, HKDF-SHA256),
//! HKDF-SHA256, ChaCha20-Poly1305. Whoever reads the database, the wire or the broker's logs afterwards cannot open it.
//!
//! Sealed bytes: one byte of format, 32 bytes of encapsulated key, then text and tag.

use hallpass_domain::Rng;
use hallpass_domain::rng::RngError;
use hallpass_domain::secret::SecretBytes;
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{CryptoRng, RngCore};
use hpke::{Deserializable as _, Kem, OpModeR, OpModeS, Serializable as _};

const FORMAT: u8 = 1;
const ENCAPSULATED: usize = 32;

/// Something could not be sealed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SealError {
    /// The recipient's key cannot be used.
    #[error("the recipient's key is no usable X25519 public key; the principal has to enrol again")]
    Recipient,
    /// Beyond what the cipher takes: hundreds of gigabytes.
    #[error("the secret is too large to be sealed")]
    TooLarge,
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RngError),
}

/// Sealed bytes did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed credential does not open: it was altered, belongs to another grant, or was sealed to another key")]
pub struct SealedError;

/// Seals `secret` to an X25519 public key. `info` is the grant's id: under another one it does not open.
pub fn seal_to(recipient: &[u8; 32], info: &str, secret: &[u8], rng: &dyn Rng) -> Result<Vec<u8>, SealError> {
    let recipient = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(recipient).map_err(|_| SealError::Recipient)?;
    let mut source = Source { rng, failed: None };
    let sealed = hpke::single_shot_seal::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256, _>(
        &OpModeS::Base,
        &recipient,
        info.as_bytes(),
        secret,
        &[],
        &mut source,
    );
    if let Some(error) = source.failed {
        return Err(error.into());
    }
    let (encapsulated, text) = sealed.map_err(|_| SealError::Recipient)?;
    let mut out = vec![FORMAT];
    out.extend_from_slice(&encapsulated.to_bytes());
    out.extend_from_slice(&text);
    Ok(out)
}

/// Opens what [`seal_to`] sealed.
pub fn open_sealed(private: &SecretBytes, info: &str, sealed: &[u8]) -> Result<SecretBytes, SealedError> {
    let (format, rest) = sealed.split_first().ok_or(SealedError)?;
    let (encapsulated, text) = rest.split_first_chunk::<ENCAPSULATED>().ok_or(SealedError)?;
    if *format != FORMAT {
        return Err(SealedError);
    }
    let private = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(private.expose()).map_err(|_| SealedError)?;
    let encapsulated = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(encapsulated).map_err(|_| SealedError)?;
    hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeR::Base,
        &private,
        &encapsulated,
        info.as_bytes(),
        text,
        &[],
    )
    .map(SecretBytes::new)
    .map_err(|_| SealedError)
}

/// The X25519 public key of a private one.
pub(crate) fn public_of(private: &SecretBytes) -> Option<[u8; 32]> {
    let private = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(private.expose()).ok()?;
    Some(X25519HkdfSha256::sk_to_pk(&private).to_bytes().into())
}

/// Our random source as HPKE wants it: unable to fail. A failure is kept, and what was made with it is thrown away.
struct Source<'a> {
    rng: &'a dyn Rng,
    failed: Option<RngError>,
}

impl RngCore for Source<'_> {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0u8; 4];
        self.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0u8; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        if let Err(error) = self.rng.fill(bytes) {
            self.failed = Some(error);
        }
    }
}

impl CryptoRng for Source<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use hallpass_domain::rng::SeededRng;

    fn pair(byte: u8) -> (SecretBytes, [u8; 32]) {
        let private = SecretBytes::new(vec![byte; 32]);
        let public = public_of(&private).unwrap();
        (private, public)
    }

    #[test]
    fn only_the_recipient_opens_it_and_only_for_its_grant() {
        let (private, public) = pair(1);
        let sealed = seal_to(&public, "gr_1", b"swordfish", &SeededRng::new(1)).unwrap();
        assert_eq!(open_sealed(&private, "gr_1", &sealed).unwrap().expose(), b"swordfish");
        assert!(open_sealed(&private, "gr_2", &sealed).is_err());
        assert!(open_sealed(&pair(2).0, "gr_1", &sealed).is_err());
    }

    #[test]
    fn no_altered_or_cut_text_opens() {
        let (private, public) = pair(1);
        let sealed = seal_to(&public, "gr_1", b"swordfish", &SeededRng::new(1)).unwrap();
        for index in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[index] ^= 1;
            assert!(open_sealed(&private, "gr_1", &altered).is_err(), "byte {index}");
            assert!(open_sealed(&private, "gr_1", &sealed[..index]).is_err(), "cut at {index}");
        }
    }

    #[test]
    fn a_private_key_has_the_public_key_of_rfc_7748() {
        // Section 5.2, the iterated example after one step.
        let public = public_of(&SecretBytes::new([[9u8].as_slice(), &[0; 31]].concat())).unwrap();
        assert_eq!(hex::encode(public), "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
    }

    #[test]
    fn a_key_that_gives_every_sender_the_same_secret_is_refused() {
        assert!(matches!(seal_to(&[0; 32], "gr_1", b"x", &SeededRng::new(1)), Err(SealError::Recipient)));
    }
}
