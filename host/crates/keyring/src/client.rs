//! The keys of one who asks the broker: made where they are used, registered once, kept in a file of mode 0600.

use std::path::Path;

use ed25519_dalek::VerifyingKey;
use hallpass_domain::Rng;
use hallpass_domain::rng::RngError;
use hallpass_domain::secret::{SecretBytes, SecretText, Signer as _};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::recipient::{self, SealedError};
use crate::secret_file::{self, SecretFileError};
use crate::signing::SigningKey;

const VERSION: u32 = 1;
const PROOF: &[u8] = b"hallpass-enrol-v1\0";

/// The keys are not usable.
#[derive(Debug, thiserror::Error)]
pub enum ClientKeysError {
    /// Their file is not.
    #[error(transparent)]
    File(#[from] SecretFileError),
    /// Not what [`ClientKeys::to_json`] writes.
    #[error("these are no Hallpass keys of version 1: {0}; make new ones with `hallpass login`")]
    Malformed(&'static str),
    /// No random bytes for new ones.
    #[error(transparent)]
    Random(#[from] RngError),
}

/// An Ed25519 key that says who, and an X25519 key that credentials are sealed to.
pub struct ClientKeys {
    signing: SigningKey,
    recipient: SecretBytes,
    recipient_public: [u8; 32],
}

/// The file. Fields are hexadecimal.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    signing_key: Zeroizing<String>,
    recipient_key: Zeroizing<String>,
}

impl ClientKeys {
    /// New keys.
    pub fn generate(rng: &dyn Rng) -> Result<Self, ClientKeysError> {
        let (mut signing, mut recipient) = (Zeroizing::new([0u8; 32]), Zeroizing::new([0u8; 32]));
        rng.fill(signing.as_mut_slice())?;
        rng.fill(recipient.as_mut_slice())?;
        Self::of(&signing, &recipient)
    }

    fn of(signing: &[u8; 32], recipient: &[u8; 32]) -> Result<Self, ClientKeysError> {
        let recipient = SecretBytes::new(recipient.to_vec());
        let recipient_public = recipient::public_of(&recipient).ok_or(ClientKeysError::Malformed("the recipient key is unusable"))?;
        Ok(Self { signing: SigningKey::new(0, signing), recipient, recipient_public })
    }

    /// The text of the file.
    pub fn to_json(&self) -> SecretText {
        let signing = Zeroizing::new(hex::encode(self.signing.private().expose()));
        let recipient = Zeroizing::new(hex::encode(self.recipient.expose()));
        SecretText::new(format!(
            "{{\"version\":{VERSION},\"signing_key\":\"{}\",\"recipient_key\":\"{}\"}}\n",
            signing.as_str(),
            recipient.as_str()
        ))
    }

    /// Reads [`ClientKeys::to_json`].
    pub fn from_json(text: &str) -> Result<Self, ClientKeysError> {
        let document: Document = serde_json::from_str(text).map_err(|_| ClientKeysError::Malformed("not the expected JSON"))?;
        if document.version != VERSION {
            return Err(ClientKeysError::Malformed("another version wrote them"));
        }
        let key = |text: &str| {
            let mut key = Zeroizing::new([0u8; 32]);
            hex::decode_to_slice(text, key.as_mut_slice()).map_err(|_| ClientKeysError::Malformed("a key is not 64 hexadecimal digits"))?;
            Ok::<_, ClientKeysError>(key)
        };
        Self::of(&*key(&document.signing_key)?, &*key(&document.recipient_key)?)
    }

    /// Writes a new file of mode 0600; one that is there is never overwritten.
    pub fn write(&self, path: &Path) -> Result<(), ClientKeysError> {
        Ok(secret_file::create(path, self.to_json().expose().as_bytes())?)
    }

    /// Reads the file, unless others may touch it.
    pub fn read(path: &Path) -> Result<Self, ClientKeysError> {
        let bytes = secret_file::read(path)?;
        let text = std::str::from_utf8(bytes.expose()).map_err(|_| ClientKeysError::Malformed("not UTF-8"))?;
        Self::from_json(text)
    }

    /// The key that says who: signs client assertions and, later, proofs of possession. Its id is 0 and means nothing.
    pub fn signer(&self) -> &SigningKey {
        &self.signing
    }

    /// The Ed25519 public key to register, hexadecimal.
    pub fn signing_public(&self) -> String {
        hex::encode(self.signing.public_key())
    }

    /// The X25519 public key to register, hexadecimal.
    pub fn recipient_public(&self) -> String {
        hex::encode(self.recipient_public)
    }

    /// Proves at enrolment that both keys are ours and meant for this link: the Ed25519 signature, hexadecimal, over
    /// `hallpass-enrol-v1`, NUL, the token of the link, and the 32 bytes of the recipient key.
    pub fn enrolment_proof(&self, token: &str) -> String {
        hex::encode(self.signing.sign(&proof_message(token, &self.recipient_public)))
    }

    /// Opens a credential that the broker sealed to us for a grant.
    pub fn open(&self, grant: &str, sealed: &[u8]) -> Result<SecretBytes, SealedError> {
        recipient::open_sealed(&self.recipient, grant, sealed)
    }
}

/// The keys offered at enrolment were refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnrolmentRefused {
    /// Not 64 hexadecimal digits each, or keys that cannot be used.
    #[error("the signing key and the recipient key must be an Ed25519 and an X25519 public key of 64 hexadecimal digits")]
    Keys,
    /// The proof does not hold.
    #[error("the proof does not hold: it must be the signing key's signature over hallpass-enrol-v1, NUL, the token and the recipient key")]
    Proof,
}

/// Verifies [`ClientKeys::enrolment_proof`] at the broker; all three are hexadecimal, as registered.
pub fn verify_enrolment(signing_key: &str, recipient_key: &str, token: &str, proof: &str) -> Result<(), EnrolmentRefused> {
    let key = |text: &str| {
        let mut key = [0u8; 32];
        hex::decode_to_slice(text, &mut key).map(|()| key).map_err(|_| EnrolmentRefused::Keys)
    };
    let (signing, recipient) = (VerifyingKey::from_bytes(&key(signing_key)?).map_err(|_| EnrolmentRefused::Keys)?, key(recipient_key)?);
    if signing.is_weak() || recipient == [0; 32] {
        return Err(EnrolmentRefused::Keys);
    }
    let mut signature = [0u8; 64];
    hex::decode_to_slice(proof, &mut signature).map_err(|_| EnrolmentRefused::Proof)?;
    signing.verify_strict(&proof_message(token, &recipient), &signature.into()).map_err(|_| EnrolmentRefused::Proof)
}

fn proof_message(token: &str, recipient: &[u8; 32]) -> Vec<u8> {
    // The recipient key has one length, so the token cannot run into it.
    [PROOF, token.as_bytes(), recipient].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hallpass_domain::rng::SeededRng;

    fn keys(seed: u64) -> ClientKeys {
        ClientKeys::generate(&SeededRng::new(seed)).unwrap()
    }

    #[test]
    fn keys_survive_their_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.json");
        keys(1).write(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        let read = ClientKeys::read(&path).unwrap();
        assert_eq!((read.signing_public(), read.recipient_public()), (keys(1).signing_public(), keys(1).recipient_public()));
        assert!(matches!(keys(2).write(&path), Err(ClientKeysError::File(SecretFileError::Exists(_)))));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(ClientKeys::read(&path), Err(ClientKeysError::File(SecretFileError::TooOpen { .. }))));
    }

    #[test]
    fn what_is_no_key_file_is_refused_without_repeating_it() {
        let good = keys(1).to_json().expose().to_owned();
        let secret = hex::encode(keys(1).signing.private().expose());
        let bad = [
            String::new(),
            good.replace("\"version\":1", "\"version\":2"),
            good.replace("signing_key", "signing"),
            good.replace(&secret, &secret[2..]),
            good.replace(&secret, &format!("zz{}", &secret[2..])),
        ];
        for text in bad {
            let error = ClientKeys::from_json(&text).err().unwrap().to_string();
            assert!(!error.contains(&secret[2..]), "{error}");
        }
    }

    #[test]
    fn the_two_keys_are_two() {
        let keys = keys(1);
        assert_ne!(keys.signing.private().expose(), keys.recipient.expose());
        assert_ne!(keys.signing_public(), keys.recipient_public());
    }

    #[test]
    fn an_enrolment_proof_holds_for_its_link_and_its_keys_only() {
        let (mine, other) = (keys(1), keys(2));
        let proof = mine.enrolment_proof("token");
        let verify = |signing: &str, recipient: &str, token, proof: &str| verify_enrolment(signing, recipient, token, proof);
        assert_eq!(verify(&mine.signing_public(), &mine.recipient_public(), "token", &proof), Ok(()));
        assert_eq!(verify(&mine.signing_public(), &mine.recipient_public(), "other", &proof), Err(EnrolmentRefused::Proof));
        assert_eq!(verify(&mine.signing_public(), &other.recipient_public(), "token", &proof), Err(EnrolmentRefused::Proof));
        assert_eq!(verify(&other.signing_public(), &mine.recipient_public(), "token", &proof), Err(EnrolmentRefused::Proof));
        assert_eq!(verify(&mine.signing_public(), &mine.recipient_public(), "token", "00"), Err(EnrolmentRefused::Proof));
        assert_eq!(verify("xyz", &mine.recipient_public(), "token", &proof), Err(EnrolmentRefused::Keys));
        // The identity point verifies anything.
        let weak = format!("01{}", "00".repeat(31));
        assert_eq!(verify(&weak, &mine.recipient_public(), "token", &proof), Err(EnrolmentRefused::Keys));
    }

    #[test]
    fn a_credential_sealed_to_the_registered_key_is_opened_here() {
        let keys = keys(1);
        let registered: [u8; 32] = hex::decode(keys.recipient_public()).unwrap().try_into().unwrap();
        let sealed = recipient::seal_to(&registered, "gr_1", b"swordfish", &SeededRng::new(9)).unwrap();
        assert_eq!(keys.open("gr_1", &sealed).unwrap().expose(), b"swordfish");
        assert_eq!(keys.open("gr_2", &sealed).err(), Some(SealedError));
    }
}
