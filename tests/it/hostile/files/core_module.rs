//! A core module: WebAssembly, but no component.

pub(in super::super) fn make() -> Vec<u8> {
    wat::parse_str("(module (func (export \"run\")))").unwrap()
}
