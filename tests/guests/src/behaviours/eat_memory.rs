//! Takes memory until there is none.

use crate::scene::{Said, Scene, got_through};
use std::hint::black_box;

pub(crate) fn run(_: &Scene<'_>) -> Said {
    let mut eaten = Vec::new();
    for n in 0..65_536_u32 {
        eaten.push(black_box(vec![1_u8; 1 << 20]));
        black_box(n);
    }
    Err(got_through("64 GiB"))
}
