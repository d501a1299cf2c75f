//! Statements that a manifest declares: the only SQL that ever runs in a target.

pub(crate) mod render;
pub(crate) mod template;
#[cfg(test)]
mod tests;

use hallpass_domain::port::{Failure, FailureKind};

use self::render::{Argument, Frozen, Rendered};
use self::template::{Rendering, Source, Template, change};
use crate::manifest::document::{self, Call, Effect};

/// A declared statement, parsed and checked.
#[derive(Debug)]
pub(crate) struct Statement {
    /// Its name in the manifest.
    pub(crate) name: String,
    /// What it does.
    pub(crate) effect: Effect,
    /// Whether the column `database` of its rows names databases that `revoke` may open.
    pub(crate) databases: bool,
    /// Whether the absence that it sees is one of the whole server, whichever of its databases it was seen from.
    pub(crate) server_wide: bool,
    calls: Vec<Call>,
    template: Template,
}

impl Statement {
    /// Checks one statement. The error is a sentence about it.
    pub(crate) fn declare(name: &str, doc: &document::Statement) -> Result<Self, String> {
        let wrong = |what: &str| Err(format!("the statement `{name}` {what}"));
        let template = Template::parse(&doc.text, &doc.slots).map_err(|what| format!("the statement `{name}` {what}"))?;
        if let Some(word) = change(&doc.text).filter(|_| doc.effect == Effect::Read) {
            return wrong(&format!("begins with `{word}`, which changes something, and is declared as a read: declare it as a `change`"));
        }
        if doc.calls.is_empty() {
            return wrong("names no call in `calls`, so nothing can use it");
        }
        if doc.effect == Effect::Change
            && let Some(call) = doc.calls.iter().find(|c| !c.changes())
        {
            return wrong(&format!("changes something and is declared for `{}`, which must change nothing", call.word()));
        }
        let is_look = doc.calls.contains(&Call::Look);
        if is_look != doc.expect.is_some() {
            return wrong("must have `expect` exactly when its calls are [\"look\"]");
        }
        if is_look && doc.calls.len() > 1 {
            return wrong("is a look and is declared for other calls too: declare it twice");
        }
        let open = template.slots.iter().find(|s| matches!(s.source, Source::Open(_)));
        if let (true, Some(slot)) = (is_look, open) {
            return wrong(&format!("is a look and has the open slot `{}`: no connector has a say in a look", slot.name));
        }
        if doc.databases && (doc.effect != Effect::Read || !doc.calls.contains(&Call::Revoke)) {
            return wrong("has `databases` and is no read that `revoke` may use");
        }
        if doc.server_wide && !is_look {
            return wrong("has `server_wide` and is no look");
        }
        let (effect, databases, server_wide) = (doc.effect, doc.databases, doc.server_wide);
        Ok(Self { name: name.to_owned(), effect, databases, server_wide, calls: doc.calls.clone(), template })
    }

    /// Whether a secret goes to the server in it, as a verifier.
    pub(crate) fn takes_secret(&self) -> bool {
        self.template.slots.iter().any(|s| s.source == Source::Open(Rendering::Verifier))
    }

    /// Kinds of the resource that fill its slots.
    pub(crate) fn resource_kinds(&self) -> impl Iterator<Item = &str> {
        self.template.slots.iter().filter_map(|s| if let Source::Resource(kind) = &s.source { Some(kind.as_str()) } else { None })
    }

    /// Parameters that fill its slots.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = &str> {
        self.template.slots.iter().filter_map(|s| if let Source::Parameter(key) = &s.source { Some(key.as_str()) } else { None })
    }

    /// The calls that may use it.
    pub(crate) fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// Refuses a call that it is not declared for.
    pub(crate) fn check_call(&self, call: Call) -> Result<(), Failure> {
        if self.calls.contains(&call) {
            return Ok(());
        }
        let message = format!("statement `{}` is not declared for `{}`: add it to `calls` in the manifest", self.name, call.word());
        Err(Failure::none(FailureKind::Unsupported, "statement-not-declared", message))
    }

    /// The SQL, with every value quoted.
    pub(crate) fn render(&self, frozen: Frozen<'_>, arguments: &[Argument]) -> Result<Rendered, Failure> {
        render::render(&self.name, &self.template, frozen, arguments)
    }
}
