//! Components in components, ten thousand deep.

use wasm_encoder::{Component, NestedComponentSection};

pub(in super::super) fn make() -> Vec<u8> {
    let mut inner = Component::new();
    for _ in 0..10_000 {
        let mut outer = Component::new();
        outer.section(&NestedComponentSection(&inner));
        inner = outer;
    }
    inner.finish()
}
