//! Other code under a name and a version that are loaded already.

pub(in super::super) fn make() -> Vec<u8> {
    let mut file = hallpass_tests::guests::guests_as("fellow");
    // One more section that says nothing, and another digest.
    file.extend_from_slice(b"\0\x02\x01x");
    file
}
