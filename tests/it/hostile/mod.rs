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
        addresses::*, admission::*, answers::*, bodies::*, boundary::*, compiler::*, credential::*, engine::*, floods::*, memory::*,
        requests::*, sql::*, time::*, truth::*,
    };
}

foreach_behaviour!(assert_test_exists);
