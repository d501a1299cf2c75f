//! Envelopes around secrets at rest, and one derived key per use.

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use hallpass_domain::Rng;
use hallpass_domain::ids::Digest;
use hallpass_domain::secret::{OpenError, Opener, SecretBytes};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::master::MasterKey;
use crate::recipient::SealError;

/// First byte of an envelope: XChaCha20-Poly1305 under the envelope key, 24 bytes of nonce, then text and tag.
const FORMAT: u8 = 1;
const NONCE: usize = 24;

/// The node has another master key than the one that the database was sealed under.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the database was sealed under the master key {stored}, this node has {here}: \
     start it with that key (the file beside the first node's data, or where you keep a copy); nothing opens with another"
)]
pub struct WrongMasterKey {
    here: String,
    stored: String,
}

/// What the master key gives, one key per use (HKDF-SHA256, RFC 5869). The master key itself is forgotten.
pub struct Keyring {
    envelope: XChaCha20Poly1305,
    artifact_mac: SecretBytes,
    call_mac: SecretBytes,
    fingerprint: String,
}

impl Keyring {
    /// Derives the keys of each use.
    pub fn open(master: &MasterKey) -> Self {
        Self {
            envelope: XChaCha20Poly1305::new(derive(master, "envelope").as_slice().into()),
            artifact_mac: SecretBytes::new(derive(master, "artifact-mac").to_vec()),
            call_mac: SecretBytes::new(derive(master, "call-mac").to_vec()),
            fingerprint: hex::encode(derive(master, "fingerprint").iter().take(16).copied().collect::<Vec<u8>>()),
        }
    }

    /// Names the master key without telling anything about it: 32 hexadecimal digits. The database holds it, and a
    /// node whose key has another one does not start.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Whether this is the master key that the database was sealed under, by the fingerprint that it holds.
    pub fn recognise(&self, stored: &str) -> Result<(), WrongMasterKey> {
        if self.fingerprint == stored { Ok(()) } else { Err(WrongMasterKey { here: self.fingerprint.clone(), stored: stored.to_owned() }) }
    }

    /// The key of the MAC over compiled artifacts: 32 bytes.
    pub fn artifact_mac_key(&self) -> SecretBytes {
        self.artifact_mac.clone()
    }

    /// What tells one call from another: a MAC over its bytes, which may hold a secret that nobody must be able to guess at.
    #[expect(clippy::missing_panics_doc, clippy::expect_used, reason = "HMAC takes a key of any length")]
    pub fn mac_of_call(&self, call: &[u8]) -> Digest {
        let mac = <Hmac<Sha256> as Mac>::new_from_slice(self.call_mac.expose()).expect("HMAC takes a key of any length");
        Digest(mac.chain_update(call).finalize().into_bytes().into())
    }

    /// Seals `secret` for `context`, the id of the aggregate that it belongs to: moved to another row, it does not open.
    ///
    /// # Errors
    /// When there are no random bytes for the nonce.
    pub fn seal(&self, context: &str, secret: &[u8], rng: &dyn Rng) -> Result<Vec<u8>, SealError> {
        let nonce: [u8; NONCE] = hallpass_domain::rng::bytes(rng)?;
        let payload = Payload { msg: secret, aad: &associated(context) };
        let sealed = self.envelope.encrypt(&XNonce::from(nonce), payload).map_err(|_| SealError::TooLarge)?;
        let mut envelope = Vec::with_capacity(1 + NONCE + sealed.len());
        envelope.push(FORMAT);
        envelope.extend_from_slice(&nonce);
        envelope.extend_from_slice(&sealed);
        Ok(envelope)
    }
}

impl Opener for Keyring {
    fn open(&self, context: &str, envelope: &[u8]) -> Result<SecretBytes, OpenError> {
        let refused = || OpenError { context: context.to_owned() };
        let (format, rest) = envelope.split_first().ok_or_else(refused)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or_else(refused)?;
        if *format != FORMAT {
            return Err(refused());
        }
        let payload = Payload { msg: sealed, aad: &associated(context) };
        self.envelope.decrypt(&XNonce::from(*nonce), payload).map(SecretBytes::new).map_err(|_| refused())
    }
}

#[expect(
    clippy::expect_used,
    reason = "HKDF refuses only outputs above 255 hashes, and this is one; going on without a key would be worse"
)]
fn derive(master: &MasterKey, purpose: &str) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0u8; 32]);
    let info = [b"hallpass/v1/", purpose.as_bytes()];
    Hkdf::<Sha256>::new(None, master.0.as_slice()).expand_multi_info(&info, key.as_mut_slice()).expect("32 bytes are one hash");
    key
}

fn associated(context: &str) -> Vec<u8> {
    [b"hallpass/v1/envelope\0", context.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hallpass_domain::rng::SeededRng;

    fn keyring(byte: u8) -> Keyring {
        Keyring::open(&MasterKey(Zeroizing::new([byte; 32])))
    }

    #[test]
    fn an_envelope_opens_for_its_aggregate_under_its_master_key_only() {
        let keyring = keyring(1);
        let envelope = keyring.seal("tg_1", b"swordfish", &SeededRng::new(1)).unwrap();
        assert_eq!(keyring.open("tg_1", &envelope).unwrap().expose(), b"swordfish");
        assert!(keyring.open("tg_2", &envelope).is_err());
        assert!(keyring.open("", &envelope).is_err());
        assert!(super::tests::keyring(2).open("tg_1", &envelope).is_err());
        assert!(!envelope.windows(9).any(|w| w == b"swordfish"));
    }

    #[test]
    fn no_altered_or_cut_envelope_opens() {
        let keyring = keyring(1);
        let envelope = keyring.seal("tg_1", b"swordfish", &SeededRng::new(1)).unwrap();
        for index in 0..envelope.len() {
            let mut altered = envelope.clone();
            altered[index] ^= 1;
            assert!(keyring.open("tg_1", &altered).is_err(), "byte {index}");
            assert!(keyring.open("tg_1", &envelope[..index]).is_err(), "cut at {index}");
        }
    }

    #[test]
    fn the_same_secret_sealed_twice_gives_two_envelopes() {
        let (keyring, rng) = (keyring(1), SeededRng::new(1));
        assert_ne!(keyring.seal("tg_1", b"x", &rng).unwrap(), keyring.seal("tg_1", b"x", &rng).unwrap());
    }

    #[test]
    fn each_use_has_a_key_of_its_own_and_each_master_key_a_name() {
        let (one, two) = (keyring(1), keyring(2));
        assert_eq!(one.fingerprint(), keyring(1).fingerprint());
        assert_ne!(one.fingerprint(), two.fingerprint());
        assert_eq!(one.fingerprint().len(), 32);
        assert_eq!(one.mac_of_call(b"x"), keyring(1).mac_of_call(b"x"));
        assert_ne!(one.mac_of_call(b"x"), one.mac_of_call(b"y"));
        assert_ne!(one.mac_of_call(b"x"), two.mac_of_call(b"x"));
        assert_eq!(one.recognise(one.fingerprint()), Ok(()));
        assert!(one.recognise(two.fingerprint()).is_err());
        assert_ne!(one.artifact_mac_key().expose(), two.artifact_mac_key().expose());
        assert!(!hex::encode(one.artifact_mac_key().expose()).starts_with(one.fingerprint()));
        assert!(!hex::encode([1u8; 32]).contains(one.fingerprint()));
    }
}
