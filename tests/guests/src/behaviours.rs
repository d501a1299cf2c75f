//! The list of behaviours: one file each.

use crate::scene::{Said, Scene};

macro_rules! behaviours {
    ($($name:ident)*) => {
        $(mod $name;)*

        /// The behaviour of this name.
        pub(crate) fn pick(name: &str) -> Option<fn(&Scene<'_>) -> Said> {
            match name {
                $(stringify!($name) => Some($name::run),)*
                _ => None,
            }
        }
    };
}

behaviours! {
    answer
    answer_with_a_huge_list
    answer_with_a_huge_string
    answer_with_a_long_continuation
    answer_with_a_long_locator
    backtrack
    behave
    burn_with_copies
    call_the_host_for_ever
    change_in_query
    change_while_observing
    come_back
    comment_a_secret
    deliver_hostile_text
    deliver_twice
    do_nothing
    eat_memory
    echo_a_secret
    flood_of_bytes
    flood_of_dropped_handles
    flood_of_handles
    flood_of_rows
    flood_of_sessions
    flood_of_statements
    flood_the_log
    forge_a_log_line
    forge_the_mark
    forget_the_mark
    give_up_when_told
    hand_over_a_huge_list
    hand_over_a_huge_string
    hostile_text
    inject
    lie_about_a_read
    loop_for_ever
    loop_in_describe
    open_a_learned_database
    open_another_database
    panic
    panic_after_a_commit
    pick_another_role
    promise_nothing_changed
    read_a_strange_type
    read_anothers_settings
    read_the_session
    recurse
    run_in_the_wrong_call
    run_undeclared
    say_gone_and_let_stay
    sleep_in_the_database
    stall_in_a_transaction
    take_the_targets_secret
    tell_its_user
    transact_a_read
    wait_for_a_silent_peer
    wait_for_ever
    wrong_arguments
}
