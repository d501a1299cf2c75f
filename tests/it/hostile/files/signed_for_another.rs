//! A file whose signature is good, and says of it another version than the file says of itself: an old one, sold as new.

use super::super::signing::{claim, note, trusted};

pub(in super::super) fn make() -> (Vec<u8>, String) {
    let file = hallpass_tests::guests::guests_as("signed");
    let note = note(&claim(&file, "signed", "9.0.0"), &trusted());
    (file, note)
}
