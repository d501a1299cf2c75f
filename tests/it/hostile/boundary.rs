//! Guests that break the canonical ABI: what a handle, a text, a list and an answer may be.

use hallpass_domain::port::Effect;

use super::act::act_written;

#[test]
pub(super) fn keep_a_borrow() {
    act_written("keep_a_borrow").play().failed("broken-rule", Effect::None);
}

#[test]
pub(super) fn drop_twice() {
    act_written("drop_twice").play().failed("broken-rule", Effect::None);
}

#[test]
pub(super) fn forge_a_handle() {
    act_written("forge_a_handle").play().failed("broken-rule", Effect::None);
}

#[test]
pub(super) fn log_bytes_that_are_no_text() {
    act_written("log_bytes_that_are_no_text").play().failed("broken-rule", Effect::None);
}

#[test]
pub(super) fn log_from_outside_of_memory() {
    act_written("log_from_outside_of_memory").play().failed("broken-rule", Effect::None);
}

#[test]
pub(super) fn log_at_no_such_level() {
    act_written("log_at_no_such_level").play().failed("broken-rule", Effect::None);
}

#[test]
pub(super) fn hand_over_a_list_with_no_end() {
    act_written("hand_over_a_list_with_no_end").play().failed("broken-rule", Effect::None);
}

#[test]
pub(super) fn allocate_outside_of_memory() {
    act_written("allocate_outside_of_memory").play().failed("broken-rule", Effect::None);
}

#[test]
pub(super) fn allocate_for_ever() {
    act_written("allocate_for_ever").play().failed("cpu-budget", Effect::None);
}

#[test]
pub(super) fn call_back_while_allocating() {
    act_written("call_back_while_allocating").play().failed("trap", Effect::None);
}

#[test]
pub(super) fn answer_from_outside_of_memory() {
    act_written("answer_from_outside_of_memory").play().failed("broken-rule", Effect::None);
}

#[test]
pub(super) fn answer_with_no_such_case() {
    act_written("answer_with_no_such_case").play().failed("broken-rule", Effect::None);
}
