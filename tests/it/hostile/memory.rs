//! Guests that take memory, stack or tables.

use hallpass_domain::ids::Digest;
use hallpass_domain::port::Effect;
use hallpass_runtime::Limits;
use hallpass_tests::guests::{guests, written, written_as};

use super::act::{In, act, act_of, act_written, refused};
use super::stage::{executor, limits, load, stage};

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

#[test]
pub(super) fn fill_its_memory() {
    act_written("fill_its_memory").play().succeeded();
}

#[test]
pub(super) fn look_for_anothers_memory() {
    let stage = stage();
    // More memories than the pool keeps warm and unused, each of another connector: the next one gets some of them.
    let fillers: Vec<Vec<u8>> = (0..6).map(|n| written_as("fill_its_memory", &format!("filler-{n}"))).collect();
    let looks = written("look_for_anothers_memory");
    // In a pool of its own, so that nobody else takes them.
    let runtime = executor().block_on(async {
        for file in fillers.iter().chain([&looks]) {
            load(&stage.broker, &stage.operator, file).await.unwrap();
        }
        stage.another(limits(), &[fillers.as_slice(), std::slice::from_ref(&looks)].concat()).await
    });
    for file in fillers.iter().chain([&looks, &looks]) {
        act_of(Digest::of(file), "").in_call(In::Health).on(&runtime).play().succeeded();
    }
}

#[test]
pub(super) fn use_long_addresses() {
    refused(&written("use_long_addresses"), "memory64");
}

#[test]
pub(super) fn share_a_memory() {
    refused(&written("share_a_memory"), "threads");
}

#[test]
pub(super) fn use_relaxed_simd() {
    refused(&written("use_relaxed_simd"), "relaxed SIMD");
}

#[test]
fn a_call_has_so_many_instances() {
    // A connector in Rust is one instance, and what joins it to its imports some more.
    let runtime = executor().block_on(stage().another(Limits { instances: 1, ..limits() }, &[guests().to_vec()]));
    let failed = act("answer").on(&runtime).play().failed("broken-rule", Effect::None);
    assert!(failed.failure().message.contains("instance count too high at 2"), "{}", failed.failure());
}
