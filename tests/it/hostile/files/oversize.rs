//! A file with more bytes than a connector may have.

pub(in super::super) fn make() -> Vec<u8> {
    let mut file = b"\0asm\x0d\0\x01\0".to_vec();
    file.resize(super::super::stage::limits().file_bytes + 1, 0);
    file
}
