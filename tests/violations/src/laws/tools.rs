//! Calls a tool that rings a read; says of everything that it was not done.

use hallpass_connector::describe::{Description, SideEffect};
use hallpass_connector::tool_outcomes::Outcome;

use crate::good;

pub(crate) fn describe() -> Description {
    let tools = vec![good::tool("rooms", SideEffect::Read), good::tool("ring", SideEffect::Read)];
    Description { tools, entitlements: Vec::new() }
}

pub(crate) fn outcome() -> Outcome {
    Outcome::NotDone
}
