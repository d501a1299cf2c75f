//! What block 0 says. Only the broker writes it, so anything but the layout of profile 1 is refused.

use serde::Serialize;

use super::{query, refuse};
use crate::refusal::Refusal;
use crate::wire::{self, TermContent};

/// The layout that this verifier knows.
pub(crate) const PROFILE: i64 = 1;
/// Most rights in one pass.
pub const MAX_RIGHTS: usize = 32;

/// A principal as a pass names it: no more than kind and id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Party {
    /// `user`, `agent` or `workload`.
    pub kind: String,
    /// Its id in the broker.
    pub id: String,
}

/// Whether a right can be used as it is, or asks for an approval of each call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Usable while the pass lives.
    Auto,
    /// Each call needs an approval of its digest, which is spent once at the broker.
    PerCall,
}

impl Mode {
    /// As it is written in a pass.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::PerCall => "per_call",
        }
    }
}

/// One right of a pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Right {
    /// The target's name.
    pub target: String,
    /// A tool's name, or the entitlement's own with its parameters where it takes any: `repo.use[level=read, team=web]`.
    pub operation: String,
    /// The resource that it covers, with all that lies in it.
    pub resource: String,
    /// How it may be used.
    pub mode: Mode,
}

/// Block 0.
pub(crate) struct Authority {
    pub(crate) issuer: String,
    pub(crate) grant: String,
    pub(crate) request: String,
    pub(crate) policy_revision: String,
    pub(crate) subject: Party,
    pub(crate) on_behalf_of: Option<Party>,
    pub(crate) owner: Option<Party>,
    pub(crate) rights: Vec<Right>,
    /// No check of block 0 names a holder: whoever has the pass may use it.
    pub(crate) bearer: bool,
    /// In seconds since the epoch.
    pub(crate) end: u64,
}

/// Reads the facts of block 0: each at most once, none unknown.
pub(super) fn read(block: &wire::Block, symbols: &[String]) -> Result<Authority, Refusal> {
    let mut slots = Slots::default();
    for fact in &block.facts {
        slots.take(&fact.predicate, symbols)?;
    }
    if slots.profile != Some(PROFILE) {
        return Err(refuse("it is of a profile that this verifier does not know (1 is)"));
    }
    let end = query::ends(block, symbols).min().ok_or_else(|| refuse("block 0 sets no end"))?;
    let asks = |name: &str| {
        let atoms = block.checks.iter().flat_map(|c| &c.queries).flat_map(|q| &q.body);
        atoms.filter_map(|a| wire::symbol(symbols, a.name)).any(|n| n == name)
    };
    if !asks("audience") {
        return Err(refuse("block 0 is for no audience"));
    }
    if slots.rights.is_empty() || slots.rights.len() > MAX_RIGHTS {
        return Err(refuse("block 0 gives no right, or more than 32"));
    }
    Ok(Authority {
        bearer: !asks("holder"),
        end,
        issuer: one(slots.issuer, "issuer")?,
        grant: one(slots.grant, "grant")?,
        request: one(slots.request, "request")?,
        policy_revision: one(slots.policy_revision, "policy_revision")?,
        subject: one(slots.subject, "subject")?,
        on_behalf_of: slots.on_behalf_of,
        owner: slots.owner,
        rights: slots.rights,
    })
}

fn one<T>(slot: Option<T>, name: &str) -> Result<T, Refusal> {
    slot.ok_or_else(|| refuse(format!("block 0 has no {name}")))
}

#[derive(Default)]
struct Slots {
    profile: Option<i64>,
    issuer: Option<String>,
    grant: Option<String>,
    request: Option<String>,
    policy_revision: Option<String>,
    log: Option<()>,
    subject: Option<Party>,
    on_behalf_of: Option<Party>,
    owner: Option<Party>,
    rights: Vec<Right>,
}

impl Slots {
    fn take(&mut self, fact: &wire::Predicate, symbols: &[String]) -> Result<(), Refusal> {
        let name = wire::symbol(symbols, fact.name).ok_or(Refusal::Malformed)?;
        if let ("profile", [wire::Term { content: Some(TermContent::Integer(profile)) }]) = (name, fact.terms.as_slice()) {
            return fill(&mut self.profile, *profile, name);
        }
        let terms = texts(fact, symbols).ok_or_else(|| refuse(format!("{name} in block 0 is not made of strings")))?;
        let party = |kind: &&str, id: &&str| Party { kind: (*kind).to_owned(), id: (*id).to_owned() };
        match (name, terms.as_slice()) {
            ("issuer", [text]) => fill(&mut self.issuer, (*text).to_owned(), name),
            ("grant", [text]) => fill(&mut self.grant, (*text).to_owned(), name),
            ("request", [text]) => fill(&mut self.request, (*text).to_owned(), name),
            ("policy_revision", [text]) => fill(&mut self.policy_revision, (*text).to_owned(), name),
            ("log", [_, _]) => fill(&mut self.log, (), name),
            ("subject", [kind, id]) => fill(&mut self.subject, party(kind, id), name),
            ("on_behalf_of", [kind, id]) => fill(&mut self.on_behalf_of, party(kind, id), name),
            ("owner", [kind, id]) => fill(&mut self.owner, party(kind, id), name),
            ("right", [target, operation, resource, mode]) => {
                let mode = match *mode {
                    "auto" => Mode::Auto,
                    "per_call" => Mode::PerCall,
                    other => return Err(refuse(format!("a right is of the unknown mode {other:?}"))),
                };
                let text = |t: &&str| (*t).to_owned();
                self.rights.push(Right { target: text(target), operation: text(operation), resource: text(resource), mode });
                Ok(())
            }
            _ => Err(refuse(format!("block 0 states {name}/{}, which profile 1 does not have", terms.len()))),
        }
    }
}

fn fill<T>(slot: &mut Option<T>, value: T, name: &str) -> Result<(), Refusal> {
    // Two values would let one check see the first and another the second.
    if slot.replace(value).is_some() { Err(refuse(format!("block 0 states {name} twice"))) } else { Ok(()) }
}

/// The terms of a fact, when all of them are strings.
pub(super) fn texts<'a>(fact: &wire::Predicate, symbols: &'a [String]) -> Option<Vec<&'a str>> {
    let text = |term: &wire::Term| match term.content {
        Some(TermContent::Symbol(id)) => wire::symbol(symbols, id),
        _ => None,
    };
    fact.terms.iter().map(text).collect()
}
