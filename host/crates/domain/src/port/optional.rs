//! What passes through the interfaces that a connector may have and need not: `describe`, `inventory`, `tools`, `tool-outcomes`.

use serde::{Deserialize, Serialize};

use super::{Failure, FailureKind};
use crate::resource::Resource;
use crate::text_enum::text_enum;

text_enum! {
    /// The interfaces that a connector may leave out.
    pub enum Interface {
        /// What depends on a target's settings.
        Describe => "describe",
        /// Everything that a target holds.
        Inventory => "inventory",
        /// Operations that agents call.
        Tools => "tools",
        /// What became of such an operation.
        ToolOutcomes => "tool-outcomes",
    }
}

text_enum! {
    /// What a call of a tool does to the target.
    pub enum SideEffect {
        /// Nothing.
        Read => "read",
        /// It changes something.
        Write => "write",
        /// It changes something that cannot be brought back.
        Destructive => "destructive",
    }
}

/// An operation that an agent can call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// 1 to 64 of `a-z`, `0-9`, `.`, `_`, `-`.
    pub name: String,
    /// One printable line of at most 1 KiB: a connector's words.
    pub description: String,
    /// JSON Schema of the arguments, an object.
    pub input_schema: serde_json::Value,
    /// JSON Schema of the result.
    pub output_schema: Option<serde_json::Value>,
    /// What it does to the target.
    pub side_effect: SideEffect,
    /// The entitlement that guards it.
    pub entitlement: String,
    /// The rule that derives the call's resource: literal parts and JSON Pointers into the arguments.
    pub resource_rule: String,
}

/// An entitlement that exists because of a target's settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribedEntitlement {
    /// Its name.
    pub name: String,
    /// What it is, in one line.
    pub title: String,
    /// Kinds of the resource, from the outside in.
    pub resource: String,
}

/// What depends on a target's settings. The same for one digest and one revision of the settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// Tools; no name stands twice.
    pub tools: Vec<Tool>,
    /// Entitlements; no name stands twice.
    pub entitlements: Vec<DescribedEntitlement>,
}

/// One account's hold of one entitlement on one resource, as a connector lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The account in the target.
    pub account: String,
    /// The entitlement: one that the connector declares or describes.
    pub entitlement: String,
    /// On what.
    pub resource: Resource,
    /// The mark that it bears.
    pub stamp: Option<String>,
    /// What the target calls it.
    pub locator: Option<String>,
    /// For people: bounded, printable.
    pub details: Vec<(String, String)>,
}

/// A part of what a target holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// At most as many as were asked for.
    pub items: Vec<Item>,
    /// Where the next page begins, opaque, at most 4 KiB; `None` with the promise that the listing is whole. Whoever follows it
    /// refuses a cursor that was there before.
    pub next: Option<String>,
}

/// What became of an operation of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolOutcome {
    /// It had its effect, with this result (JSON).
    Done(String),
    /// It had none.
    NotDone,
    /// The target cannot say.
    Unknown,
}

/// The failure of asking a connector for an interface that it does not have.
pub fn not_exported(interface: Interface) -> Failure {
    let message = format!("the connector does not export `hallpass:connector/{interface}`");
    Failure::none(FailureKind::Unsupported, "not-exported", message)
}
