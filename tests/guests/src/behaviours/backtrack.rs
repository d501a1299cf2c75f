//! Work that doubles with each letter, as a bad pattern makes it.

use crate::scene::{Said, Scene, done, got_through};
use std::hint::black_box;

/// `(a|aa)+b`, tried in every way.
fn matches(text: &[u8]) -> bool {
    match text {
        [b'a', b'a', rest @ ..] => matches(black_box(rest)) || matches(black_box(&text[1..])),
        [b'a', rest @ ..] => matches(black_box(rest)),
        [b'b'] => true,
        _ => false,
    }
}

pub(crate) fn run(_: &Scene<'_>) -> Said {
    let text = vec![b'a'; 64];
    if matches(black_box(&text)) { done() } else { Err(got_through("2^64 steps")) }
}
