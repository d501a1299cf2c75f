//! Guests that take memory, stack or tables.

use hallpass_domain::port::Effect;
use hallpass_tests::guests::written;

use super::act::{act, act_written, refused};

#[test]
pub(super) fn eat_memory() {
    act("eat_memory").play().failed("panic", Effect::None);
}

#[test]
pub(super) fn recurse() {
    // The stack that Rust keeps in its memory, which lies below everything else there.
    act("recurse").play().failed("trap", Effect::None);
}

#[test]
pub(super) fn panic() {
    act("panic").play().failed("panic", Effect::None);
}

#[test]
pub(super) fn too_many_memories() {
    refused(&written("too_many_memories"), "memor");
}

#[test]
pub(super) fn grow_many_memories() {
    act_written("grow_many_memories").play().failed("panic", Effect::None);
}

#[test]
pub(super) fn start_with_too_much_memory() {
    refused(&written("start_with_too_much_memory"), "memory");
}

#[test]
pub(super) fn start_with_a_huge_table() {
    refused(&written("start_with_a_huge_table"), "table");
}

#[test]
pub(super) fn grow_a_table() {
    act_written("grow_a_table").play().failed("panic", Effect::None);
}

#[test]
pub(super) fn too_many_tables() {
    refused(&written("too_many_tables"), "tables");
}

#[test]
pub(super) fn remember() {
    // The same connector, again and again: its next call gets the slot of its last one.
    for _ in 0..8 {
        act_written("remember").play().succeeded();
    }
}

#[test]
pub(super) fn recurse_in_calls() {
    act_written("recurse_in_calls").play().failed("stack-overflow", Effect::None);
}
