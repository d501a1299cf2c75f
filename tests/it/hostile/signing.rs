//! Signatures of files: one publisher is trusted on the stage, under one key.

use hallpass_broker::{SignedFile, VerifierKey};
use hallpass_domain::ids::Digest;
use hallpass_domain::rng::SeededRng;
use hallpass_domain::secret::Signer as _;
use hallpass_keyring::PublisherKey;

/// The name of the trusted key.
const NAME: &str = "release-2026";

/// The key that the stage trusts.
pub(super) fn trusted_key() -> VerifierKey {
    VerifierKey::new(NAME, trusted().signer().public_key()).unwrap()
}

/// Its private half.
pub(super) fn trusted() -> PublisherKey {
    PublisherKey::generate(NAME, &SeededRng::new(1)).unwrap()
}

/// A key of the same name that somebody else made.
pub(super) fn stranger() -> PublisherKey {
    PublisherKey::generate(NAME, &SeededRng::new(2)).unwrap()
}

/// What is signed of a file that says of itself this name and version.
pub(super) fn claim(file: &[u8], name: &str, version: &str) -> SignedFile {
    SignedFile { digest: Digest::of(file), name: name.into(), version: version.into(), publisher: "hallpass".into() }
}

/// Signed by this key.
pub(super) fn note(claim: &SignedFile, key: &PublisherKey) -> String {
    claim.sign(NAME, key.signer(), None).unwrap()
}
