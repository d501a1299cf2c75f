//! Files that must not become connectors.

use hallpass_domain::ids::Digest;
use hallpass_tests::guests::written;

use super::act::{refused, refused_with};
use super::files;
use super::stage::{executor, load, stage};

#[test]
pub(super) fn import_a_socket() {
    refused(&written("import_a_socket"), "wasi:sockets/tcp@0.2.0");
}

#[test]
pub(super) fn import_the_environment() {
    refused(&written("import_the_environment"), "wasi:cli/environment@0.3.0");
}

#[test]
pub(super) fn import_a_later_host() {
    refused(&written("import_a_later_host"), "hallpass:connector/host@9.0.0");
}

#[test]
pub(super) fn core_module() {
    refused(&files::core_module::make(), "core WebAssembly module");
}

#[test]
pub(super) fn machine_code() {
    refused(&files::machine_code::make(), "machine code");
}

#[test]
pub(super) fn text() {
    refused(&files::text::make(), "not WebAssembly");
}

#[test]
pub(super) fn truncated() {
    // A cut between two sections leaves something whole that lacks the rest.
    for file in files::truncated::make() {
        refused(&file, "not loaded: it ");
    }
}

#[test]
pub(super) fn fuzzed() {
    files::fuzzed::load_many();
}

#[test]
pub(super) fn no_manifest() {
    refused(&files::no_manifest::make(), "no section `hallpass:manifest`");
}

#[test]
pub(super) fn two_manifests() {
    refused(&files::two_manifests::make(), "more than one section");
}

#[test]
pub(super) fn oversize() {
    refused(&files::oversize::make(), "more than the");
}

#[test]
pub(super) fn secret_in_a_result() {
    refused(&files::secret_in_a_result::make(), "secret");
}

#[test]
pub(super) fn nested() {
    refused(&files::nested::make(), "it does not export");
}

/// A file with its signatures, which is refused, and the log has why.
fn unsigned((file, note): (Vec<u8>, String), why: &str, word: &str) {
    refused_with(&file, Some(&note), why);
    let words = executor().block_on(stage().refusals(&Digest::of(&file)));
    assert!(words.iter().any(|said| said == word), "{words:?}");
}

#[test]
pub(super) fn bad_signature() {
    unsigned(files::bad_signature::make(), "a signature of it is bad", "bad-signature");
}

#[test]
pub(super) fn signed_by_a_stranger() {
    unsigned(files::signed_by_a_stranger::make(), "0 of the trusted keys of `hallpass` signed it", "too-few-signatures");
}

#[test]
pub(super) fn wrong_digest() {
    unsigned(files::wrong_digest::make(), "its signature is of another file", "wrong-digest");
}

#[test]
pub(super) fn signed_for_another() {
    unsigned(files::signed_for_another::make(), "says of itself something else", "bad-signature");
}

#[test]
pub(super) fn same_version() {
    let _ = stage();
    refused(&files::same_version::make(), "was loaded before, from another file");
}

#[test]
pub(super) fn downgrade() {
    let _ = stage();
    refused(&files::downgrade::make(), "is older than");
}

/// A newer version that asks for more than was accepted: it may do nothing until another person says yes.
async fn waits_for_another_person(file: &[u8]) -> Digest {
    let stage = stage();
    let refusal = load(&stage.broker, &stage.operator, file).await.expect_err("nobody else said yes").to_string();
    assert!(refusal.contains("another person must say yes"), "{refusal}");
    stage.neighbour_answers().await;
    Digest::of(file)
}

#[test]
pub(super) fn widened() {
    executor().block_on(async {
        let digest = waits_for_another_person(&files::widened::make()).await;
        let unaccepted = stage().try_target("widened", &digest, "answer", &[]).await.expect_err("it may do nothing yet").to_string();
        assert!(unaccepted.contains("fellow"), "{unaccepted}");
    });
}

#[test]
pub(super) fn widened_destination() {
    super::site::connector();
    executor().block_on(async {
        let digest = waits_for_another_person(&files::widened_destination::make()).await;
        let target = stage().try_target_over_http("widened-destination", &digest, "steal_by_echo", "https://api.example").await;
        let unaccepted = target.expect_err("it may do nothing yet").to_string();
        assert!(unaccepted.contains("guests-over-http"), "{unaccepted}");
    });
}
