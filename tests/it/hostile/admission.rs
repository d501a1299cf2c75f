//! Files that must not become connectors.

use hallpass_domain::ids::Digest;
use hallpass_tests::guests::written;

use super::act::refused;
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

#[test]
pub(super) fn widened() {
    executor().block_on(async {
        let stage = stage();
        let file = files::widened::make();
        let refusal = load(&stage.broker, &stage.operator, &file).await.expect_err("nobody else said yes").to_string();
        assert!(refusal.contains("another person must say yes"), "{refusal}");
        let unaccepted =
            stage.try_target("widened", &Digest::of(&file), "answer", &[]).await.expect_err("it may do nothing yet").to_string();
        assert!(unaccepted.contains("fellow"), "{unaccepted}");
        stage.neighbour_answers().await;
    });
}
