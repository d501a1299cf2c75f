//! Secret material: types that cannot be printed, compared or serialized, and that wipe themselves.

use zeroize::Zeroizing;

/// Secret bytes. No `Debug`, `Display`, `Serialize`, `PartialEq`: a secret leaves only through [`SecretBytes::expose`].
#[derive(Clone)]
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Takes the bytes over.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for the one place that needs them. Do not copy them into a type that can be printed.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

/// Secret text, with the same limits as [`SecretBytes`].
#[derive(Clone)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Takes the text over.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Signs with a key that the caller never sees. Implemented by the keyring.
pub trait Signer: Send + Sync {
    /// The id that verifiers look the public key up by.
    fn key_id(&self) -> u32;
    /// The Ed25519 public key (RFC 8032).
    fn public_key(&self) -> [u8; 32];
    /// The Ed25519 signature of `message`.
    fn sign(&self, message: &[u8]) -> [u8; 64];
}

/// Opens envelopes of secrets at rest. Implemented by the keyring.
pub trait Opener: Send + Sync {
    /// Opens `envelope`, which was sealed for `context` (the aggregate's id): another context does not open it.
    fn open(&self, context: &str, envelope: &[u8]) -> Result<SecretBytes, OpenError>;
}

/// An envelope did not open: it was altered, belongs to another aggregate, or was sealed under another master key.
#[derive(Debug, Clone, thiserror::Error)]
#[error("a stored secret of {context} does not open: it was altered, or sealed under another master key")]
pub struct OpenError {
    /// The aggregate whose secret it is.
    pub context: String,
}
