//! A newer version of a connector that asks for more than the one before: a statement that was not there.

pub(in super::super) fn make() -> Vec<u8> {
    let mut file = with_version("fellow", "0.1.1");
    // As many letters as before, so that the section keeps its length: another statement under another name.
    replace(&mut file, br#"COMMENT ON ROLE {stamp} IS 'seen'"#, br#"COMMENT ON ROLE {stamp} IS 'more'"#);
    file
}

/// The guests under this name and version, of as many letters as theirs.
pub(super) fn with_version(name: &str, version: &str) -> Vec<u8> {
    let mut file = hallpass_tests::guests::guests_as(name);
    let version = format!(r#""version": "{version}""#);
    replace(&mut file, br#""version": "0.1.0""#, version.as_bytes());
    file
}

fn replace(file: &mut [u8], old: &[u8], new: &[u8]) {
    assert_eq!(old.len(), new.len());
    let at = file.windows(old.len()).position(|window| window == old).expect("it is in the manifest");
    file[at..at + old.len()].copy_from_slice(new);
}
