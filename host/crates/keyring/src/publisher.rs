//! The key of one who publishes connectors: kept in a file of mode 0600, used to sign plugin files.

use std::path::Path;

use hallpass_domain::Rng;
use hallpass_domain::rng::RngError;
use hallpass_domain::secret::SecretText;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::secret_file::{self, SecretFileError};
use crate::signing::SigningKey;

const VERSION: u32 = 1;

/// The key is not usable.
#[derive(Debug, thiserror::Error)]
pub enum PublisherKeyError {
    /// Its file is not.
    #[error(transparent)]
    File(#[from] SecretFileError),
    /// Not what `hallpass connector keygen` writes.
    #[error("this is no publisher's key of version 1: {0}; make one with `hallpass connector keygen`")]
    Malformed(&'static str),
    /// No random bytes for a new one.
    #[error(transparent)]
    Random(#[from] RngError),
}

/// An Ed25519 key and its name.
pub struct PublisherKey {
    name: String,
    key: SigningKey,
}

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    name: String,
    private: Zeroizing<String>,
}

impl PublisherKey {
    /// A new key.
    pub fn generate(name: &str, rng: &dyn Rng) -> Result<Self, PublisherKeyError> {
        let mut private = Zeroizing::new([0u8; 32]);
        rng.fill(private.as_mut_slice())?;
        Ok(Self { name: name.to_owned(), key: SigningKey::new(0, &private) })
    }

    /// Its name, which signature lines carry.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What signs.
    pub fn signer(&self) -> &SigningKey {
        &self.key
    }

    /// Writes a new file of mode 0600; one that is there is never overwritten.
    pub fn write(&self, path: &Path) -> Result<(), PublisherKeyError> {
        let private = Zeroizing::new(hex::encode(self.key.private().expose()));
        let document = Document { version: VERSION, name: self.name.clone(), private };
        let text = serde_json::to_string(&document).map_err(|_| PublisherKeyError::Malformed("it cannot be written as JSON"))?;
        let text = SecretText::new(text + "\n");
        Ok(secret_file::create(path, text.expose().as_bytes())?)
    }

    /// Reads the file, unless others may touch it.
    pub fn read(path: &Path) -> Result<Self, PublisherKeyError> {
        let bytes = secret_file::read(path)?;
        let document: Document =
            serde_json::from_slice(bytes.expose()).map_err(|_| PublisherKeyError::Malformed("it is not the expected JSON"))?;
        if document.version != VERSION {
            return Err(PublisherKeyError::Malformed("another version wrote it"));
        }
        let mut private = Zeroizing::new([0u8; 32]);
        hex::decode_to_slice(document.private.as_bytes(), private.as_mut_slice())
            .map_err(|_| PublisherKeyError::Malformed("its key is not 64 hexadecimal digits"))?;
        Ok(Self { name: document.name, key: SigningKey::new(0, &private) })
    }
}

#[cfg(test)]
mod tests {
    use hallpass_domain::rng::SystemRng;
    use hallpass_domain::secret::Signer as _;

    use super::*;

    #[test]
    fn a_key_is_written_once_and_read_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("acme.key");
        let key = PublisherKey::generate("acme", &SystemRng).unwrap();
        key.write(&path).unwrap();
        let back = PublisherKey::read(&path).unwrap();
        assert_eq!((back.name(), back.signer().public_key()), ("acme", key.signer().public_key()));
        assert!(key.write(&path).is_err(), "a key is never overwritten");
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
}
