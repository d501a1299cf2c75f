//! The list of conducts.

mod resources;
mod sql;
mod truth;

use hallpass_connector::Failure;

use crate::Scene;

/// What a guest does in a call.
pub(crate) type Conduct = fn(&Scene<'_>) -> Result<(), Failure>;

/// The conduct of this name.
pub(crate) fn pick(name: &str) -> Option<Conduct> {
    Some(match name {
        "loop-for-ever" => resources::loop_for_ever,
        "eat-memory" => resources::eat_memory,
        "recurse" => resources::recurse,
        "panic" => resources::panic,
        "flood-the-log" => resources::flood_the_log,
        "open-many-sessions" => resources::open_many_sessions,
        "run-many-statements" => resources::run_many_statements,
        "run-undeclared" => sql::run_undeclared,
        "change-in-query" => sql::change_in_query,
        "lie-about-a-read" => sql::lie_about_a_read,
        "inject" => sql::inject,
        "wrong-arguments" => sql::wrong_arguments,
        "other-database" => sql::other_database,
        "learned-database" => sql::learned_database,
        "flood-of-rows" => sql::flood_of_rows,
        "strange-type" => sql::strange_type,
        "sleep-in-the-database" => sql::sleep_in_the_database,
        "behave" => truth::behave,
        "do-nothing" => truth::do_nothing,
        "forget-the-mark" => truth::forget_the_mark,
        "forge-the-mark" => truth::forge_the_mark,
        "promise-nothing-changed" => truth::promise_nothing_changed,
        "hostile-text" => truth::hostile_text,
        "take-the-targets-secret" => truth::take_the_targets_secret,
        "deliver-twice" => truth::deliver_twice,
        _ => return None,
    })
}
