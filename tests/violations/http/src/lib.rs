//! Connectors over HTTP that break one law of conformance each. The setting `violation` picks which: the name of a file in `laws/`. Without
//! it all laws are kept, so that what a test sees broken is broken by that file alone.

mod good;
mod laws;

use hallpass_connector::grants::{Grants, Observation, Outcome};
use hallpass_connector::inventory::{Inventory, Page};
use hallpass_connector::{Failure, Health, Holding, Invocation};

struct Violations;

fn violation(inv: &Invocation) -> String {
    inv.setting("violation").unwrap_or_default()
}

impl Grants for Violations {
    fn apply(inv: &Invocation, want: &Holding, _: Option<String>) -> Result<Outcome, Failure> {
        match violation(inv).as_str() {
            "canary" => laws::canary::apply(inv, want),
            "claim" => laws::claim::apply(inv, want),
            "garbage" => laws::garbage::apply(inv, want),
            "kind" => laws::kind::apply(inv, want),
            "lost-reply" => laws::lost_reply::apply(inv, want),
            "trap" => laws::trap::apply(inv, want),
            _ => good::apply(inv, want),
        }
    }

    fn revoke(inv: &Invocation, want: &Holding, _: Option<String>) -> Result<Outcome, Failure> {
        if violation(inv) == "absent" { laws::absent::revoke(inv, want) } else { good::revoke(inv, want) }
    }

    fn observe(inv: &Invocation, want: &Holding) -> Result<Observation, Failure> {
        match violation(inv).as_str() {
            "blind" => laws::blind::observe(inv, want),
            "hollow" => laws::hollow::observe(inv, want),
            "shape" => laws::shape::observe(inv, want),
            "undeclared" => laws::undeclared::observe(inv, want),
            _ => good::observe(inv, want),
        }
    }
}

impl Health for Violations {
    fn check(inv: &Invocation) -> Result<(), Failure> {
        if violation(inv) == "health" { laws::health::check(inv) } else { good::check(inv) }
    }
}

impl Inventory for Violations {
    fn list_page(inv: &Invocation, cursor: Option<String>, limit: u32) -> Result<Page, Failure> {
        let list_page = if violation(inv) == "paging" { laws::paging::list_page } else { good::list_page };
        list_page(inv, cursor.as_deref(), limit)
    }
}

hallpass_connector::connector!(Violations: grants, health, inventory);
