//! What the trust policy lets in, and what not.

use hallpass_domain::rng::SeededRng;
use hallpass_keyring::PublisherKey;

use super::*;

fn key(seed: u8) -> PublisherKey {
    PublisherKey::generate("key", &SeededRng::new(seed.into())).unwrap()
}

fn verifier(name: &str, seed: u8) -> VerifierKey {
    VerifierKey::new(name, key(seed).signer().public_key()).unwrap()
}

fn file() -> SignedFile {
    SignedFile { digest: Digest::of(b"file"), name: "postgres".into(), version: "1.2.0".into(), publisher: "acme.db".into() }
}

fn signed(file: &SignedFile, by: &[(&str, u8)]) -> String {
    by.iter().fold(None, |note: Option<String>, (name, seed)| Some(file.sign(name, key(*seed).signer(), note.as_deref()).unwrap())).unwrap()
}

fn two_of_three() -> TrustPolicy {
    let keys = vec![verifier("ann", 1), verifier("ben", 2), verifier("cyd", 3)];
    TrustPolicy { publishers: vec![TrustedPublisher { name: "acme.*".into(), keys, required: 2 }], allow_unsigned: false }
}

fn why(policy: &TrustPolicy, note: Option<&str>) -> &'static str {
    policy.admit(file().digest, note).unwrap_err().why
}

#[test]
fn two_of_three_signatures_let_a_file_in() {
    let trusted = two_of_three().admit(file().digest, Some(&signed(&file(), &[("ann", 1), ("cyd", 3)]))).unwrap();
    assert_eq!((trusted.file, trusted.signers), (Some(file()), vec!["ann".to_owned(), "cyd".to_owned()]));
}

#[test]
fn one_person_does_not_count_twice() {
    let policy = two_of_three();
    assert_eq!(why(&policy, Some(&signed(&file(), &[("ann", 1)]))), "too-few-signatures");
    let twice = format!("{}{}", signed(&file(), &[("ann", 1)]), signed(&file(), &[("ann", 1)]).lines().last().unwrap().to_owned() + "\n");
    assert_eq!(why(&policy, Some(&twice)), "too-few-signatures");
    assert_eq!(why(&policy, Some(&signed(&file(), &[("ann", 1), ("eve", 9)]))), "too-few-signatures", "a stranger's counts for nothing");
    assert_eq!(why(&policy, Some(&signed(&file(), &[("ann", 1), ("ben", 9)]))), "too-few-signatures", "nor one under another's name");
}

#[test]
fn whoever_signed_with_the_wrong_key_is_told_which_it_was() {
    let refused = two_of_three().admit(file().digest, Some(&signed(&file(), &[("ann", 1), ("ben", 9)]))).unwrap_err();
    let id = |key: &VerifierKey| format!("{}+{:08x}", key.name(), u32::from_be_bytes(key.id()));
    for (said, key) in [("signed by", verifier("ben", 9)), ("trusted are", verifier("ben", 2))] {
        let (_, after) = refused.told.reason.split_once(said).unwrap();
        assert!(after.contains(&id(&key)), "{said} {}: {}", id(&key), refused.told.reason);
    }
}

#[test]
fn what_was_altered_is_refused_even_where_unsigned_files_are_allowed() {
    let policy = TrustPolicy { allow_unsigned: true, ..two_of_three() };
    let good = signed(&file(), &[("ann", 1), ("ben", 2)]);
    assert!(policy.admit(file().digest, None).unwrap().signers.is_empty());
    assert_eq!(why(&policy, Some(&good.replace("1.2.0", "1.3.0"))), "bad-signature");
    assert_eq!(why(&policy, Some(&good.replace("name postgres\n", "name postgres\nname postgres\n"))), "bad-signature");
    assert_eq!(why(&policy, Some("no note")), "bad-signature");
    assert_eq!(policy.admit(Digest::of(b"another file"), Some(&good)).unwrap_err().why, "wrong-digest");
    let stranger = SignedFile { publisher: "evil".into(), ..file() };
    assert_eq!(why(&policy, Some(&signed(&stranger, &[("ann", 1), ("ben", 2)]))), "unknown-publisher");
}

#[test]
fn without_a_policy_nothing_is_let_in() {
    assert_eq!(why(&TrustPolicy::default(), None), "unsigned");
    assert_eq!(why(&TrustPolicy::default(), Some(&signed(&file(), &[("ann", 1)]))), "unknown-publisher");
}

#[test]
fn a_star_stands_for_any_characters() {
    for (pattern, name, yes) in [
        ("acme", "acme", true),
        ("acme", "acme.db", false),
        ("acme.*", "acme.db", true),
        ("acme.*", "acme", false),
        ("*.db", "acme.db", true),
        ("*", "", true),
        ("a*c*e", "abcde", true),
        ("a*c*e", "abcd", false),
    ] {
        assert_eq!(fits(pattern, name), yes, "{pattern} {name}");
    }
}
