//! Records that a connector hands over, checked where they cross: shape, size, and words that are words. What does not fit is a
//! fault of the connector that names the WIT item.

use hallpass_domain::grant::SeenBy;
use hallpass_domain::holding::Presence;
use hallpass_domain::port::{self, DescribedEntitlement, Failure, FailureKind, Interface, Item, SideEffect, Sight, Tool, ToolOutcome};
use serde_json::Value;

use crate::bindings::exports::hallpass::connector::{describe, grants, inventory, tool_outcomes};
use crate::frame::Frame;
use crate::hostile_text;
use crate::invocation::outside_of_contract;

/// What may be wrong with a locator.
pub(crate) const LOCATOR: &str = "has more than 1 KiB, or NUL";
/// How that is mended.
pub(crate) const SHORTER_LOCATOR: &str = "Let it name the thing in the target, and no more";

/// Items that one page may have, whatever was asked for.
pub(crate) const PAGE_ITEMS: u32 = 1_000;
/// Bytes of a tool's arguments or result.
const TOOL_BYTES: usize = 256 * 1024;
/// Bytes of a cursor.
const CURSOR_BYTES: usize = 4 * 1024;
/// Tools or entitlements that a description may have.
const DESCRIBED: usize = 256;
/// Bytes of one JSON Schema.
const SCHEMA_BYTES: usize = 64 * 1024;

fn fits(text: &str, most: usize) -> bool {
    !text.is_empty() && text.len() <= most && hostile_text::line(text, most) == text
}

fn is_word(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
    !text.is_empty() && text.len() <= 64 && text.bytes().all(allowed) && text.starts_with(|c: char| c.is_ascii_lowercase())
}

/// Names and values for people, bounded.
pub(crate) fn bounded<'a>(details: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(String, String)> {
    details.take(64).map(|(name, value)| (hostile_text::line(name, 64), hostile_text::line(value, 256))).collect()
}

/// What a connector itself says that it saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// Whether the access is there.
    pub presence: Presence,
    /// Whose mark is on it; `None` where the target has no room for marks.
    pub ours: Option<bool>,
    /// What the target calls it.
    pub locator: Option<String>,
    /// The end that the target itself enforces, in milliseconds since the Unix epoch.
    pub until: Option<u64>,
    /// For people.
    pub details: Vec<(String, String)>,
}

impl Observed {
    /// As a look.
    pub(crate) fn sight(self) -> Sight {
        let Self { presence, ours, mut details, .. } = self;
        // Something is there and it is another owner's: that is none of our states.
        let foreign = ours == Some(false) && presence != Presence::Absent;
        if foreign {
            details.push(("mark".to_owned(), "foreign".to_owned()));
        }
        Sight { presence: (!foreign).then_some(presence), by: SeenBy::Connector, attempt: None, details }
    }
}

/// What a connector observed.
pub(crate) fn observed(frame: &Frame, said: grants::Observation) -> Result<Observed, Failure> {
    if said.locator.as_ref().is_some_and(|l| l.len() > 1024 || l.contains('\0')) {
        return Err(outside_of_contract(frame, "observation.locator", LOCATOR, SHORTER_LOCATOR));
    }
    Ok(Observed {
        presence: match said.presence {
            grants::Presence::Present => Presence::Present,
            grants::Presence::Suspended => Presence::Suspended,
            grants::Presence::Absent => Presence::Absent,
        },
        ours: match said.mark {
            grants::Mark::Ours => Some(true),
            grants::Mark::Foreign => Some(false),
            grants::Mark::Unmarked => None,
        },
        locator: said.locator,
        until: said.until,
        details: bounded(said.details.iter().map(|a| (a.name.as_str(), a.value.as_str()))),
    })
}

/// A description of a target.
pub(crate) fn description(frame: &Frame, said: describe::Description) -> Result<port::Description, Failure> {
    let wrong = |list: &str, what: String, mend: &str| outside_of_contract(frame, &format!("description.{list}"), &what, mend);
    for (list, found) in [("tools", said.tools.len()), ("entitlements", said.entitlements.len())] {
        if found > DESCRIBED {
            return Err(wrong(list, format!("has {found} items, more than {DESCRIBED}"), "Describe what is most needed"));
        }
    }
    let mut out = port::Description::default();
    for entitlement in said.entitlements {
        let name = hostile_text::line(&entitlement.name, 64);
        let kinds = entitlement.resource_kind.split('/').all(is_word);
        if !is_word(&entitlement.name) || !fits(&entitlement.title, 1024) || !kinds {
            let mend = "Give it a name of a-z, 0-9, a title in one line and kinds of resources";
            return Err(wrong("entitlements", format!("has `{name}`, which is no entitlement"), mend));
        }
        if out.entitlements.iter().any(|e| e.name == entitlement.name) || frame.manifest.has_entitlement(&entitlement.name) {
            return Err(wrong("entitlements", format!("has `{name}` twice, or the manifest has it too"), "Describe each once"));
        }
        out.entitlements.push(DescribedEntitlement {
            name: entitlement.name,
            title: entitlement.title,
            resource: entitlement.resource_kind,
        });
    }
    for tool in said.tools {
        let name = hostile_text::line(&tool.name, 64);
        if out.tools.iter().any(|t| t.name == tool.name) {
            return Err(wrong("tools", format!("has `{name}` twice"), "Describe each once"));
        }
        let guarded = frame.manifest.has_entitlement(&tool.entitlement) || out.entitlements.iter().any(|e| e.name == tool.entitlement);
        if !guarded {
            let mend = "Guard it with one of these";
            return Err(wrong("tools", format!("has `{name}`, guarded by an entitlement that neither manifest nor description has"), mend));
        }
        out.tools.push(described_tool(tool).ok_or_else(|| {
            let mend = "Give it a name of a-z, 0-9, a description and a resource rule in one line each, and JSON Schemas that are objects";
            wrong("tools", format!("has `{name}`, which is no tool"), mend)
        })?);
    }
    Ok(out)
}

fn described_tool(said: describe::Tool) -> Option<Tool> {
    let schema = |text: &str| {
        let parsed = (text.len() <= SCHEMA_BYTES).then(|| serde_json::from_str::<Value>(text).ok()).flatten();
        parsed.filter(Value::is_object)
    };
    let output_schema = match &said.output_schema {
        None => None,
        Some(text) => Some(schema(text)?),
    };
    if !is_word(&said.name) || !fits(&said.description, 1024) || !fits(&said.resource_rule, 1024) {
        return None;
    }
    Some(Tool {
        input_schema: schema(&said.input_schema)?,
        output_schema,
        name: said.name,
        description: said.description,
        side_effect: match said.side_effect {
            describe::SideEffect::Read => SideEffect::Read,
            describe::SideEffect::Write => SideEffect::Write,
            describe::SideEffect::Destructive => SideEffect::Destructive,
        },
        entitlement: said.entitlement,
        resource_rule: said.resource_rule,
    })
}

/// A page of at most `limit` items, behind the page at `cursor`.
pub(crate) fn page(frame: &Frame, said: inventory::Page, cursor: Option<&str>, limit: u32) -> Result<port::Page, Failure> {
    if said.items.len() > usize::try_from(limit).unwrap_or(usize::MAX) {
        return Err(outside_of_contract(
            frame,
            "page.items",
            "has more items than were asked for",
            "Keep to `limit` and leave the rest for the next page",
        ));
    }
    let next = match said.after {
        inventory::Continuation::Complete => None,
        inventory::Continuation::Next(next) if next.is_empty() || next.len() > CURSOR_BYTES || next.contains('\0') => {
            return Err(outside_of_contract(
                frame,
                "page.after",
                "is empty, longer than 4 KiB or has NUL",
                "Let the cursor say where the next page begins, and no more",
            ));
        }
        inventory::Continuation::Next(next) if cursor == Some(next.as_str()) => {
            return Err(outside_of_contract(
                frame,
                "page.after",
                "leads back to its own page",
                "Let the cursor say where the next page begins",
            ));
        }
        inventory::Continuation::Next(next) => Some(next),
    };
    let items = said.items.into_iter().map(|item| {
        listed(item).ok_or_else(|| {
            outside_of_contract(
                frame,
                "page.items",
                "has an item whose account, entitlement, resource, stamp or locator is not one",
                "Write each as the manifest and the target do, in one line",
            )
        })
    });
    Ok(port::Page { items: items.collect::<Result<_, _>>()?, next })
}

fn listed(said: inventory::Item) -> Option<Item> {
    let short = |text: &Option<String>, most: usize| text.as_ref().is_none_or(|t| fits(t, most));
    let whole = fits(&said.account, 255) && is_word(&said.entitlement) && short(&said.stamp, 48) && short(&said.locator, 1024);
    let resource = said.resource.parse().ok().filter(|_| whole)?;
    let details = bounded(said.details.iter().map(|a| (a.name.as_str(), a.value.as_str())));
    Some(Item { account: said.account, entitlement: said.entitlement, resource, stamp: said.stamp, locator: said.locator, details })
}

/// The arguments of a tool, on their way to the connector.
pub(crate) fn arguments(text: &str) -> Result<(), Failure> {
    let parsed = (text.len() <= TOOL_BYTES).then(|| serde_json::from_str::<Value>(text).ok()).flatten();
    if parsed.is_some_and(|v| v.is_object()) {
        return Ok(());
    }
    let message = "the arguments of a tool must be one JSON object of at most 256 KiB";
    Err(Failure::none(FailureKind::InvalidInput, "bad-arguments", message))
}

/// The result of a tool.
pub(crate) fn result(frame: &Frame, said: String) -> Result<String, Failure> {
    if said.len() <= TOOL_BYTES && serde_json::from_str::<Value>(&said).is_ok() {
        return Ok(said);
    }
    let (item, mend) = ("result", "Return one JSON value, and less of it");
    Err(outside_of_contract(frame, item, "is not JSON, or has more than 256 KiB", mend))
}

/// What became of a tool's operation.
pub(crate) fn outcome(frame: &Frame, said: tool_outcomes::Outcome) -> Result<ToolOutcome, Failure> {
    Ok(match said {
        tool_outcomes::Outcome::Done(text) => ToolOutcome::Done(result(frame, text)?),
        tool_outcomes::Outcome::NotDone => ToolOutcome::NotDone,
        tool_outcomes::Outcome::Unknown => ToolOutcome::Unknown,
    })
}

/// The interface that an export stands for.
pub(crate) fn interface(export: &str) -> Option<Interface> {
    export.strip_prefix("hallpass:connector/")?.strip_suffix("@0.1.0")?.parse().ok()
}
