//! The broker's signing keys: issuer, approval and audit are three, so that who steals one cannot play the others.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use ed25519_dalek::Signer as _;
use hallpass_domain::Rng;
use hallpass_domain::secret::{OpenError, Opener as _, SecretBytes, Signer};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::keyring::Keyring;
use crate::recipient::SealError;

/// What a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyKind {
    /// Block 0 of passes.
    Issuer,
    /// Approvals of single calls.
    Approval,
    /// Checkpoints of the log.
    Audit,
}

impl KeyKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Issuer, Self::Approval, Self::Audit];

    /// As it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Issuer => "issuer",
            Self::Approval => "approval",
            Self::Audit => "audit",
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for KeyKind {
    type Err = LoadError;
    fn from_str(text: &str) -> Result<Self, LoadError> {
        Self::ALL.into_iter().find(|k| k.as_str() == text).ok_or_else(|| LoadError::Kind(text.to_owned()))
    }
}

/// A signing key as the database holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRecord {
    /// What it signs.
    pub kind: KeyKind,
    /// Unique over all kinds; ascending. Of several of one kind the highest signs, all verify.
    pub key_id: u32,
    /// The Ed25519 public key, hexadecimal.
    pub public_hex: String,
    /// The private key, sealed for this kind and id.
    pub envelope: Vec<u8>,
}

impl KeyRecord {
    fn context(kind: KeyKind, key_id: u32) -> String {
        format!("key/{kind}/{key_id}")
    }
}

/// The stored signing keys are not usable.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LoadError {
    /// A kind that this version does not know.
    #[error("the database names a signing key of kind {0:?}, which this version does not know; start the version that made it")]
    Kind(String),
    /// None of a kind.
    #[error("the database holds no {0} key: restore the database, its keys cannot be made anew without voiding what they signed")]
    Absent(KeyKind),
    /// Two keys share an id.
    #[error("the database holds two signing keys with the id {0}: it was altered; restore it")]
    Twice(u32),
    /// It does not open.
    #[error(transparent)]
    Sealed(#[from] OpenError),
    /// The private key is not that of the public one beside it.
    #[error("the {kind} key {key_id} in the database does not belong to its public key: it was altered; restore it")]
    Mismatch {
        /// What it signs.
        kind: KeyKind,
        /// Its id.
        key_id: u32,
    },
}

/// One loaded key, which signs without showing itself.
pub struct SigningKey {
    key_id: u32,
    key: ed25519_dalek::SigningKey,
}

impl SigningKey {
    pub(crate) fn new(key_id: u32, private: &[u8; 32]) -> Self {
        Self { key_id, key: ed25519_dalek::SigningKey::from_bytes(private) }
    }

    /// The private key, for what must build with it instead of asking for a signature: the minting of passes.
    pub fn private(&self) -> SecretBytes {
        SecretBytes::new(self.key.as_bytes().to_vec())
    }
}

impl Signer for SigningKey {
    fn key_id(&self) -> u32 {
        self.key_id
    }

    fn public_key(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }
}

/// The broker's signing keys, old and new.
pub struct SigningKeys(BTreeMap<KeyKind, Vec<SigningKey>>);

impl SigningKeys {
    /// The key that signs now.
    pub fn current(&self, kind: KeyKind) -> Option<&SigningKey> {
        self.0.get(&kind).and_then(|keys| keys.last())
    }

    /// Every public key that may have signed something that still counts: kind, id, Ed25519 public key.
    pub fn published(&self) -> impl Iterator<Item = (KeyKind, u32, [u8; 32])> + '_ {
        self.0.iter().flat_map(|(kind, keys)| keys.iter().map(|k| (*kind, k.key_id, k.public_key())))
    }
}

impl Keyring {
    /// One new key of each kind, random and sealed; their ids begin with `first_id`.
    ///
    /// # Errors
    /// When there are no random bytes.
    pub fn new_keys(&self, first_id: u32, rng: &dyn Rng) -> Result<[KeyRecord; 3], SealError> {
        Ok([
            self.new_key(KeyKind::Issuer, first_id, rng)?,
            self.new_key(KeyKind::Approval, first_id.saturating_add(1), rng)?,
            self.new_key(KeyKind::Audit, first_id.saturating_add(2), rng)?,
        ])
    }

    /// A new key of one kind, random and sealed.
    ///
    /// # Errors
    /// When there are no random bytes.
    pub fn new_key(&self, kind: KeyKind, key_id: u32, rng: &dyn Rng) -> Result<KeyRecord, SealError> {
        let mut seed = Zeroizing::new([0u8; 32]);
        rng.fill(seed.as_mut_slice())?;
        let key = ed25519_dalek::SigningKey::from_bytes(&seed);
        let envelope = self.seal(&KeyRecord::context(kind, key_id), seed.as_slice(), rng)?;
        Ok(KeyRecord { kind, key_id, public_hex: hex::encode(key.verifying_key().to_bytes()), envelope })
    }

    /// Opens the stored keys. There is at least one of each kind.
    ///
    /// # Errors
    /// When one is missing, altered, or sealed under another master key.
    pub fn load(&self, records: &[KeyRecord]) -> Result<SigningKeys, LoadError> {
        let mut sorted: Vec<&KeyRecord> = records.iter().collect();
        sorted.sort_by_key(|r| r.key_id);
        if let Some(twice) = sorted.windows(2).find_map(|w| matches!(w, [a, b] if a.key_id == b.key_id).then(|| w.first()).flatten()) {
            return Err(LoadError::Twice(twice.key_id));
        }
        let mut keys: BTreeMap<KeyKind, Vec<SigningKey>> = BTreeMap::new();
        for record in sorted {
            let mismatch = || LoadError::Mismatch { kind: record.kind, key_id: record.key_id };
            let seed = self.open(&KeyRecord::context(record.kind, record.key_id), &record.envelope)?;
            let key = ed25519_dalek::SigningKey::try_from(seed.expose()).map_err(|_| mismatch())?;
            if hex::encode(key.verifying_key().to_bytes()) != record.public_hex {
                return Err(mismatch());
            }
            keys.entry(record.kind).or_default().push(SigningKey { key_id: record.key_id, key });
        }
        match KeyKind::ALL.into_iter().find(|kind| !keys.contains_key(kind)) {
            Some(kind) => Err(LoadError::Absent(kind)),
            None => Ok(SigningKeys(keys)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MasterKey;
    use ed25519_dalek::Verifier as _;
    use hallpass_domain::rng::SeededRng;

    fn keyring(byte: u8) -> Keyring {
        Keyring::open(&MasterKey(Zeroizing::new([byte; 32])))
    }

    #[test]
    fn keys_are_three_and_sign_after_a_restart_as_before() {
        let keyring = keyring(1);
        let records = keyring.new_keys(1, &SeededRng::new(1)).unwrap();
        let stored: Vec<KeyRecord> = serde_json::from_str(&serde_json::to_string(&records).unwrap()).unwrap();
        let keys = keyring.load(&stored).unwrap();
        let public: Vec<_> = keys.published().map(|(_, _, key)| key).collect();
        assert_eq!((public.len(), public[0] != public[1] && public[1] != public[2]), (3, true));
        let audit = keys.current(KeyKind::Audit).unwrap();
        let verifier = ed25519_dalek::VerifyingKey::from_bytes(&audit.public_key()).unwrap();
        assert!(verifier.verify(b"leaf", &audit.sign(b"leaf").into()).is_ok());
        assert!(verifier.verify(b"leaf", &keys.current(KeyKind::Issuer).unwrap().sign(b"leaf").into()).is_err());
    }

    #[test]
    fn of_several_keys_of_a_kind_the_highest_signs_and_all_are_published() {
        let (keyring, rng) = (keyring(1), SeededRng::new(1));
        let mut records = keyring.new_keys(1, &rng).unwrap().to_vec();
        records.insert(0, keyring.new_key(KeyKind::Issuer, 4, &rng).unwrap());
        let keys = keyring.load(&records).unwrap();
        assert_eq!(keys.current(KeyKind::Issuer).unwrap().key_id(), 4);
        assert_eq!(keys.published().filter(|(kind, ..)| *kind == KeyKind::Issuer).count(), 2);
    }

    #[test]
    fn altered_stored_keys_do_not_load() {
        let keyring = keyring(1);
        let good = keyring.new_keys(1, &SeededRng::new(1)).unwrap();
        assert!(matches!(super::tests::keyring(2).load(&good), Err(LoadError::Sealed(_))));
        let altered = |change: fn(&mut [KeyRecord; 3])| {
            let mut records = good.clone();
            change(&mut records);
            keyring.load(&records).err().unwrap()
        };
        assert!(matches!(altered(|r| r[0].envelope[30] ^= 1), LoadError::Sealed(_)));
        assert!(matches!(altered(|r| r[0].public_hex = r[1].public_hex.clone()), LoadError::Mismatch { .. }));
        assert!(matches!(altered(|r| r[0].kind = KeyKind::Approval), LoadError::Sealed(_)), "a key does not change its use");
        assert!(matches!(altered(|r| r[1].key_id = 1), LoadError::Twice(1)));
        assert!(matches!(keyring.load(&good[..2]), Err(LoadError::Absent(KeyKind::Audit))));
    }
}
