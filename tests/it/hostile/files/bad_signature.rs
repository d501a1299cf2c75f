//! A file with a signature of the right key, of which one bit was changed.

use super::super::signing::{claim, note, trusted};

pub(in super::super) fn make() -> (Vec<u8>, String) {
    let file = hallpass_tests::guests::guests_as("signed");
    let good = note(&claim(&file, "signed", "0.1.0"), &trusted());
    // A letter of the base64 in the middle of the signature, beyond what names the key.
    let at = good.trim_end().len() - 20;
    let other = if good.as_bytes()[at] == b'A' { "B" } else { "A" };
    let mut bad = good;
    bad.replace_range(at..=at, other);
    (file, bad)
}
