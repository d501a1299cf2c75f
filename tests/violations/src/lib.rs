//! Connectors that break one law of conformance each. The setting `violation` picks which: the name of a file in `laws/`, perhaps with
//! a variant behind it. Without it all laws are kept, so that what a test sees broken is broken by that file alone.
//!
//! To add one: a file in `laws/`, its line where it differs from `good`, and its line in the table of the tests.

mod good;
mod laws;

use hallpass_connector::describe::{Describe, Description};
use hallpass_connector::grants::{Grants, Observation, Outcome};
use hallpass_connector::inventory::{Inventory, Page};
use hallpass_connector::tool_outcomes::{Outcome as ToolOutcome, ToolOutcomes};
use hallpass_connector::tools::Tools;
use hallpass_connector::{Failure, Health, Holding, Invocation};

struct Violations;

fn violation(inv: &Invocation) -> String {
    inv.setting("violation").unwrap_or_default()
}

impl Grants for Violations {
    fn apply(inv: &Invocation, want: &Holding, _: Option<String>) -> Result<Outcome, Failure> {
        match violation(inv).as_str() {
            "twice" => laws::twice::apply(inv, want),
            "every-step" => laws::every_step::apply(inv, want),
            "dry-run" => laws::dry_run::apply(inv, want),
            "secrets" => laws::secrets::apply(inv, want),
            "refusal" => laws::refusal::apply(inv, want),
            "refusal-claim" => laws::refusal::claim(inv, want),
            "lost-reply" => laws::lost_reply::apply(inv, want),
            "trap" => laws::trap::apply(inv, want),
            "garbage" => laws::garbage::apply(inv, want),
            "fresh-instance" => laws::fresh_instance::apply(inv, want),
            "canary" => laws::canary::apply(inv, want),
            "agreement" => laws::agreement::apply(inv, want),
            _ => good::apply(inv, want),
        }
    }

    fn revoke(inv: &Invocation, want: &Holding, _: Option<String>) -> Result<Outcome, Failure> {
        match violation(inv).as_str() {
            "absent" => laws::absent::revoke(inv, want),
            "deadline" => laws::deadline::revoke(inv, want),
            _ => good::revoke(inv, want),
        }
    }

    fn observe(inv: &Invocation, want: &Holding) -> Result<Observation, Failure> {
        match violation(inv).as_str() {
            "agreement-observe" => laws::agreement::observe(inv, want),
            "refusal-observe" => laws::refusal::observe(inv, want),
            _ => good::observe(inv, want),
        }
    }
}

impl Health for Violations {
    fn check(inv: &Invocation) -> Result<(), Failure> {
        if violation(inv) == "health" { laws::health::check(inv) } else { good::check(inv) }
    }
}

impl Describe for Violations {
    fn describe(inv: &Invocation) -> Result<Description, Failure> {
        match violation(inv).as_str() {
            "reads" => laws::reads::describe(inv),
            "tools" => Ok(laws::tools::describe()),
            _ => Ok(good::describe()),
        }
    }
}

impl Inventory for Violations {
    fn list_page(inv: &Invocation, cursor: Option<String>, limit: u32) -> Result<Page, Failure> {
        match violation(inv).as_str() {
            "paging" => laws::paging::gap(inv, cursor, limit),
            "paging-twice" => laws::paging::twice(inv, cursor, limit),
            "paging-loop" => laws::paging::round_and_round(inv, cursor, limit),
            _ => good::list_page(inv, cursor, limit),
        }
    }
}

impl Tools for Violations {
    fn call(inv: &Invocation, tool: String, _: String) -> Result<String, Failure> {
        good::call(inv, &tool)
    }
}

impl ToolOutcomes for Violations {
    fn observe(inv: &Invocation, operation: String) -> Result<ToolOutcome, Failure> {
        if violation(inv) == "tools-outcome" { Ok(laws::tools::outcome()) } else { good::outcome(inv, operation) }
    }
}

hallpass_connector::connector!(Violations: grants, health, describe, inventory, tools, tool_outcomes);
