//! A component with two manifests: one for the operator to read, one for the host to follow.

use hallpass_tests::guests::{manifest, written};

pub(in super::super) fn make() -> Vec<u8> {
    hallpass_build::embed(written("remember"), manifest("harmless").as_bytes(), b"{\"rules\":[]}")
}
