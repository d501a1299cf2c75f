//! A file that was altered after it was signed: the signature is good, of what it was before.

use super::super::signing::{claim, note, trusted};

pub(in super::super) fn make() -> (Vec<u8>, String) {
    let file = hallpass_tests::guests::guests_as("signed");
    let note = note(&claim(&file, "signed", "0.1.0"), &trusted());
    let mut altered = file;
    // One more section that says nothing.
    altered.extend_from_slice(b"\0\x02\x01x");
    (altered, note)
}
