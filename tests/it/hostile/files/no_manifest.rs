//! A component that says nothing of itself.

pub(in super::super) fn make() -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("guests/wat/remember.wat");
    hallpass_tests::guests::encoded(wat::parse_file(path).unwrap())
}
