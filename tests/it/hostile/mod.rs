//! Guests that misbehave, against a broker at work. One file per behaviour: `guests/src/behaviours` in Rust,
//! `guests/http/src/behaviours` for those that speak HTTP, `guests/wat` for what no Rust compiler makes, `files` for what is no
//! connector at all. Each has a test of its name, or this module does not compile.

mod act;
mod addresses;
mod admission;
mod answer;
mod answers;
mod bodies;
mod boundary;
mod compiler;
mod credential;
mod engine;
mod engines;
mod files;
mod floods;
mod leak;
mod log;
mod memory;
mod names;
mod requests;
mod signing;
mod site;
mod sql;
mod stage;
mod time;
mod truth;

include!(concat!(env!("OUT_DIR"), "/behaviours.rs"));

/// Fails to compile where there is no test of this name.
macro_rules! assert_test_exists {
    ($name:ident) => {
        const _: fn() = tests::$name;
    };
}

mod tests {
    //! Every test of this module, in one place.
    #[expect(unused_imports, reason = "each module is looked through for tests")]
    pub(super) use super::{
        addresses::*, admission::*, answers::*, bodies::*, boundary::*, compiler::*, credential::*, engine::*, engines::*, floods::*,
        memory::*, requests::*, sql::*, time::*, truth::*,
    };
}

foreach_behaviour!(assert_test_exists);

/// A function of this name that nobody runs would satisfy the compiler.
#[test]
fn each_behaviour_has_a_test_that_runs() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("it/hostile");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let sources: String = files.filter(|path| path.is_file()).map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let mut untested = Vec::new();
    macro_rules! look_for {
        ($name:ident) => {
            if !sources.contains(concat!("#[test]\npub(super) fn ", stringify!($name), "() {\n")) {
                untested.push(stringify!($name));
            }
        };
    }
    foreach_behaviour!(look_for);
    assert!(untested.is_empty(), "no test: {untested:?}");
}
