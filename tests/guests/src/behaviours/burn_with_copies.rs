//! Moves tens of megabytes in single instructions, which must be interruptible between them.

use crate::scene::{Said, Scene};
use std::hint::black_box;

pub(crate) fn run(_: &Scene<'_>) -> Said {
    let mut bytes = vec![1_u8; 24 << 20];
    loop {
        let half = bytes.len() / 2;
        bytes.copy_within(..half, half);
        bytes = black_box(bytes);
    }
}
