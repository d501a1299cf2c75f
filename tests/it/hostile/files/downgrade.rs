//! An older version of a connector that is loaded: perhaps one with a hole that its successor closed.

pub(in super::super) fn make() -> Vec<u8> {
    super::widened::with_version("fellow", "0.0.9")
}
