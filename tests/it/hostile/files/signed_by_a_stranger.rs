//! A file that somebody signed under the name of the trusted key.

use super::super::signing::{claim, note, stranger};

pub(in super::super) fn make() -> (Vec<u8>, String) {
    let file = hallpass_tests::guests::guests_as("signed");
    let note = note(&claim(&file, "signed", "0.1.0"), &stranger());
    (file, note)
}
