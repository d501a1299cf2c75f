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
    add_a_query
    ask_at_once
    ask_by_another_method
    ask_by_another_spelling
    bring_a_credential
    capture_a_flood
    capture_something_huge
    carry_it_elsewhere
    dump_its_memory
    flood_of_fields
    flood_of_header_bytes
    flood_of_headers
    flood_of_requests
    follow_a_redirect
    go_where_it_may
    hold_handles_without_end
    keep_a_captured_secret
    leave_answers_unread
    leave_the_path
    lie_about_the_length
    override_the_host
    override_the_method
    reach_a_decimal_address
    reach_a_link_local_address
    reach_a_mapped_address
    reach_a_private_address
    reach_an_ipv6_address
    reach_an_octal_address
    reach_another_port
    reach_by_a_user_name
    reach_by_an_absolute_path
    reach_by_another_spelling
    reach_in_the_clear
    reach_loopback
    reach_metadata
    rebind
    receive_a_bomb
    receive_a_flood_of_headers
    receive_a_head_without_end
    receive_drop_by_drop
    receive_it_packed_in_transit
    receive_nonsense
    receive_slowly
    receive_without_end
    send_many_bodies
    send_without_end
    smuggle_a_request
    split_a_header
    split_the_path
    steal_by_echo
    steal_by_error
    steal_by_header
    steal_by_log
    steal_by_redirect
    steal_by_trailer
    steal_from_the_request
    steal_in_another_spelling
    steal_in_parts
    steal_in_pieces
    wait_for_a_handshake
    wait_for_a_name
    wait_for_an_answer
    wait_through_hints
}
