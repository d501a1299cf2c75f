//! A manifest that declares a statement which would return a secret.

use hallpass_tests::guests::{encoded, manifest};

pub(in super::super) fn make() -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("guests/wat/remember.wat");
    let echo = r#""slots": {"anything": "text"}, "effect": "read""#;
    let manifest = manifest("leaks").replace(echo, r#""slots": {"anything": "secret:scram-sha-256"}, "effect": "read""#);
    hallpass_build::embed(encoded(wat::parse_file(path).unwrap()), manifest.as_bytes(), b"{\"rules\":[]}")
}
