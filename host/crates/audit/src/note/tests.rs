//! The published example of the note format, and what must not pass for a note.

use ed25519_dalek::{Signer as _, SigningKey};

use super::*;

/// Key and note of the format's first documentation (Go, package `note`).
const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const SEED: &str = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const TEXT: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const LINE: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

/// A signer with a known key.
pub(crate) struct TestSigner(pub(crate) SigningKey);

impl TestSigner {
    pub(crate) fn new(seed: u8) -> Self {
        Self(SigningKey::from_bytes(&[seed; 32]))
    }

    pub(crate) fn verifier(&self, name: &str) -> VerifierKey {
        VerifierKey::new(name, self.public_key()).unwrap()
    }
}

impl Signer for TestSigner {
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

fn key() -> VerifierKey {
    KEY.parse().unwrap()
}

#[test]
fn the_published_example_is_made_byte_for_byte_and_opens() {
    let seed: [u8; 32] = STANDARD.decode(SEED).unwrap()[1..].try_into().unwrap();
    let signer = TestSigner(SigningKey::from_bytes(&seed));
    assert_eq!(signer.verifier("PeterNeumann").to_string(), KEY);
    let note = sign(TEXT, "PeterNeumann", &signer).unwrap();
    assert_eq!(note, format!("{TEXT}\n{LINE}"));
    assert_eq!(open(&note, &key()).unwrap(), TEXT);
}

#[test]
fn an_altered_text_or_signature_is_named_as_such() {
    let note = format!("{TEXT}\n{LINE}");
    let altered = note.replace("cryptography", "cryptogr4phy");
    assert_eq!(open(&altered, &key()), Err(NoteError::BadSignature { name: "PeterNeumann".into() }));
    let altered = note.replace("RyyBwJnAM", "RyyBwJnAN");
    assert!(open(&altered, &key()).is_err());
    let altered = note.replace("x08go/Z", "x08go/Y");
    assert_eq!(open(&altered, &key()), Err(NoteError::BadSignature { name: "PeterNeumann".into() }));
}

#[test]
fn a_note_of_another_key_is_not_signed() {
    let other = sign(TEXT, "PeterNeumann", &TestSigner::new(1)).unwrap();
    assert_eq!(open(&other, &key()), Err(NoteError::NotSigned { name: "PeterNeumann".into() }));
    let other = sign(TEXT, "Peter", &TestSigner::new(1)).unwrap();
    assert_eq!(open(&other, &key()), Err(NoteError::NotSigned { name: "PeterNeumann".into() }));
}

#[test]
fn signatures_of_others_do_not_stand_in_the_way() {
    let witness = sign(TEXT, "witness.example", &TestSigner::new(2)).unwrap();
    let (_, witness_line) = split(&witness).unwrap();
    assert_eq!(open(&format!("{TEXT}\n{witness_line}{LINE}"), &key()).unwrap(), TEXT);
    assert_eq!(open(&format!("{TEXT}\n{LINE}{witness_line}"), &key()).unwrap(), TEXT);
}

#[test]
fn what_is_no_note_is_refused() {
    let cases = [
        String::new(),
        TEXT.to_owned(),
        format!("{TEXT}{LINE}"),
        format!("{TEXT}\n{}", LINE.trim_end()),
        format!("{TEXT}\n- PeterNeumann x08g\n"),
        format!("{TEXT}\n{LINE}\n"),
        format!("{TEXT}\r\n\n{LINE}"),
        format!("{TEXT}\n{}", LINE.repeat(101)),
        format!("{}\n\n{LINE}", "x".repeat(MOST_BYTES)),
        format!("{TEXT}\n— PeterNeumann !!!\n"),
        format!("{TEXT}\n— Peter+Neumann x08go/ZJ\n"),
    ];
    for case in cases {
        assert!(matches!(open(&case, &key()), Err(NoteError::Malformed(_) | NoteError::Name { .. })), "{case:?}");
    }
}

#[test]
fn a_verifier_key_that_does_not_fit_itself_is_refused() {
    assert_eq!(KEY.parse::<VerifierKey>().unwrap().to_string(), KEY);
    for wrong in [
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+Ahpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10",
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ] {
        assert!(wrong.parse::<VerifierKey>().is_err(), "{wrong:?}");
    }
}
