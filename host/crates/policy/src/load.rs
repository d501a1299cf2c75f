//! Loading: every text is read, every policy gets its own id, everything is checked, and only then there is a set.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cedar_policy::{ActionConstraint, Authorizer, EntityUid, Policy, PolicyId, PolicySet as CedarSet, Schema, ValidationMode, Validator};
use hallpass_domain::name::Name;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::action::Action;
use crate::annotation::{Annotations, Asks};
use crate::fault::{Fault, LoadError, Problem};
use crate::names::{Names, SCHEMA, parse_schema};
use crate::policy_text::{Written, detail, line_of, split};
use crate::route::{KnownGroups, Routes, listed, read as read_routes};
use crate::source::{ROUTES, Source, Sources};

/// No file of a folder: what stands here is part of the program.
const BUILT_IN_FILE: &str = "builtin:operator.cedar";
const BUILT_IN: &str = include_str!("operator.cedar");
const BUILT_IN_PREFIX: &str = "builtin.";

/// Whether a policy allows or refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// It allows, unless a forbid applies too.
    Permit,
    /// It refuses, whatever else allows.
    Forbid,
}

/// A policy of the set, as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicySummary {
    /// Its `@id`, which decisions and the log name.
    pub id: String,
    /// Permit or forbid.
    pub effect: Effect,
    /// Its file; the built-in ones stand in `builtin:operator.cedar`.
    pub file: String,
    /// The line it begins at, from one.
    pub line: usize,
    /// What it asks of those who use it.
    pub asks: Asks,
    /// Its `@reason`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// As written.
    pub text: String,
    /// The actions that its scope names; empty: any.
    #[serde(skip)]
    pub(crate) actions: Vec<Action>,
}

impl PolicySummary {
    /// Whether it has a say in this action.
    pub(crate) fn is_about(&self, action: Action) -> bool {
        self.actions.is_empty() || self.actions.contains(&action)
    }
}

/// A checked set of policies and routes. Cheap to ask; build a new one to change it.
#[derive(Debug)]
pub struct PolicySet {
    pub(crate) schema: Schema,
    pub(crate) names: Names,
    pub(crate) cedar: CedarSet,
    pub(crate) authorizer: Authorizer,
    pub(crate) policies: BTreeMap<String, PolicySummary>,
    pub(crate) routes: Routes,
    unmade: BTreeSet<Name>,
    revision: String,
}

impl PolicySet {
    /// Loads a folder: every `*.cedar` and `routes.toml`. `groups` are those that exist; `operators` always
    /// does, and those that `routes.toml` declares count too.
    pub fn load<'a>(dir: &Path, groups: impl IntoIterator<Item = &'a Name>) -> Result<Self, LoadError> {
        Self::from_sources(&Sources::read(dir)?, groups)
    }

    /// The same from texts.
    pub fn from_sources<'a>(sources: &Sources, groups: impl IntoIterator<Item = &'a Name>) -> Result<Self, LoadError> {
        let built_in = |problem| LoadError { faults: vec![Fault::new(BUILT_IN_FILE, problem)] };
        let schema = parse_schema().map_err(built_in)?;
        let names = Names::parse().map_err(built_in)?;
        let mut groups = KnownGroups::new(groups);

        let (routes, faults) = sources.routes.as_ref().map_or_else(|| (Routes::new(), Vec::new()), |s| read_routes(s, &mut groups));
        let mut draft = Draft {
            groups: &groups,
            group_type: names.group.to_string(),
            routes_read: !faults.iter().any(|f| matches!(f.problem, Problem::Routes(_))),
            routes,
            policies: Vec::new(),
            faults,
        };
        let operator = Source { file: BUILT_IN_FILE.to_owned(), text: BUILT_IN.to_owned() };
        draft.file(&operator, true);
        for source in &sources.policies {
            draft.file(source, false);
        }
        draft.check_ways();
        let cedar = draft.validated(&schema, std::iter::once(&operator).chain(&sources.policies));
        if !draft.faults.is_empty() {
            draft.faults.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
            return Err(LoadError { faults: draft.faults });
        }
        let policies: BTreeMap<String, PolicySummary> = draft.policies.into_iter().map(|(_, s)| (s.id.clone(), s)).collect();
        let revision = revision(&cedar, &draft.routes);
        let routes = draft.routes;
        Ok(Self { schema, names, cedar, authorizer: Authorizer::new(), policies, routes, unmade: groups.unmade(), revision })
    }

    /// What this set is, as `sha256:…`: equal for equal policies and routes, whatever their files, order and layout.
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// Groups that the set declares and that were not among those that exist: they have no members yet.
    pub fn unmade_groups(&self) -> impl Iterator<Item = &Name> {
        self.unmade.iter()
    }

    /// All policies by id, the built-in ones among them.
    pub fn policies(&self) -> impl Iterator<Item = &PolicySummary> {
        self.policies.values()
    }
}

/// A set that is being read.
struct Draft<'g> {
    groups: &'g KnownGroups,
    group_type: String,
    routes: Routes,
    /// Whether the names of the routes are known at all.
    routes_read: bool,
    policies: Vec<(Policy, PolicySummary)>,
    faults: Vec<Fault>,
}

impl Draft<'_> {
    fn file(&mut self, source: &Source, built_in: bool) {
        match split(source) {
            Err(fault) => self.faults.push(fault),
            Ok(written) => written.into_iter().for_each(|w| self.policy(source, w, built_in)),
        }
    }

    fn policy(&mut self, source: &Source, written: Written, built_in: bool) {
        let Written { policy, text, line } = written;
        let id = policy.annotation("id").unwrap_or_default().to_owned();
        if let Err(problem) = self.check_id(&id, &text, built_in) {
            let fault = Fault::new(&source.file, problem).at(line);
            self.faults.push(if id.is_empty() { fault } else { fault.of(&id.escape_debug().to_string()) });
            return;
        }
        let effect = match policy.effect() {
            cedar_policy::Effect::Permit => Effect::Permit,
            cedar_policy::Effect::Forbid => Effect::Forbid,
        };
        let actions = scope(&policy);
        let mut problems = Vec::new();
        let asking = match (effect, actions.as_slice()) {
            (Effect::Forbid, _) => None,
            (Effect::Permit, [only @ (Action::Request | Action::AutoApprove | Action::ConnectorUpgrade)]) => Some(*only),
            (Effect::Permit, several) => {
                problems.extend(check_scope(&policy, several));
                None
            }
        };
        let (annotations, wrong) = Annotations::read(policy.annotations(), asking);
        problems.extend(wrong);
        if let Some(route) = annotations.asks.route.as_ref().filter(|r| self.routes_read && !self.routes.contains_key(*r)) {
            problems.push(Problem::UnknownRoute { route: route.clone(), known: listed(self.routes.keys()) });
        }
        problems.extend(self.unknown_groups(&policy));
        self.faults.extend(problems.into_iter().map(|p| Fault::new(&source.file, p).at(line).of(&id)));
        let (asks, reason) = (annotations.asks, annotations.reason);
        let summary = PolicySummary { id: id.clone(), effect, file: source.file.clone(), line, asks, reason, text, actions };
        self.policies.push((policy.new_id(PolicyId::new(id)), summary));
    }

    fn check_id(&self, id: &str, text: &str, built_in: bool) -> Result<(), Problem> {
        if id.is_empty() {
            return Err(Problem::NoId(text.lines().next().unwrap_or_default().chars().take(60).collect()));
        }
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
        if id.len() > 64 || !id.bytes().all(allowed) || id.starts_with(['.', '_', '-']) {
            return Err(Problem::BadId);
        }
        if id.starts_with(BUILT_IN_PREFIX) != built_in {
            return Err(Problem::ReservedId);
        }
        match self.policies.iter().find(|(_, s)| s.id == id) {
            Some((_, first)) => Err(Problem::DuplicateId { first: format!("{}:{}", first.file, first.line) }),
            None => Ok(()),
        }
    }

    fn unknown_groups(&self, policy: &Policy) -> Vec<Problem> {
        let mut named: Vec<String> = policy
            .entity_literals()
            .into_iter()
            .filter(|e| e.type_name().to_string() == self.group_type)
            .map(|e| e.id().unescaped().to_owned())
            .collect();
        named.sort();
        named.dedup();
        named.into_iter().filter_map(|g| self.groups.find(&g).err()).collect()
    }

    /// Every permit of `request` leads to approvers, or something can approve in their stead.
    fn check_ways(&mut self) {
        let permits = |action| move |s: &&PolicySummary| s.effect == Effect::Permit && s.actions == [action];
        let summaries = || self.policies.iter().map(|(_, s)| s);
        if summaries().any(|s| permits(Action::AutoApprove)(&s)) {
            return;
        }
        let lost = summaries().filter(permits(Action::Request)).filter(|s| s.asks.route.is_none());
        let faults: Vec<Fault> = lost.map(|s| Fault::new(&s.file, Problem::NoRoute).at(s.line).of(&s.id)).collect();
        self.faults.extend(faults);
    }

    /// The Cedar set, once the schema's validator has seen it.
    fn validated<'s>(&mut self, schema: &Schema, sources: impl Iterator<Item = &'s Source>) -> CedarSet {
        let mut set = CedarSet::new();
        for (policy, summary) in &self.policies {
            if let Err(e) = set.add(policy.clone()) {
                self.faults.push(Fault::new(&summary.file, Problem::BuiltIn(e.to_string())).at(summary.line).of(&summary.id));
            }
        }
        let texts: BTreeMap<&str, &str> = sources.map(|s| (s.file.as_str(), s.text.as_str())).collect();
        let result = Validator::new(schema.clone()).validate(&set, ValidationMode::Strict);
        let errors = result.validation_errors().map(|e| (e.policy_id(), detail(e), Problem::Schema as fn(String) -> Problem));
        let warnings = result.validation_warnings().map(|w| (w.policy_id(), detail(w), Problem::Suspicious as fn(String) -> Problem));
        for (id, detail, problem) in errors.chain(warnings) {
            let summary = self.policies.iter().map(|(_, s)| s).find(|s| s.id == id.as_ref());
            let file = summary.map_or("", |s| s.file.as_str());
            let known_line = || texts.get(file).zip(detail.offset).map(|(text, offset)| line_of(text, offset));
            let line = known_line().or(summary.map(|s| s.line));
            self.faults.push(Fault::new(file, problem(detail.text)).at(line).of(id.as_ref()));
        }
        set
    }
}

/// The actions that a policy's scope names; empty when it names none. Unknown ones are left to the validator.
fn scope(policy: &Policy) -> Vec<Action> {
    let named = |uid: &EntityUid| Action::named(uid.id().unescaped());
    match policy.action_constraint() {
        ActionConstraint::Any => Vec::new(),
        ActionConstraint::Eq(uid) => named(&uid).into_iter().collect(),
        ActionConstraint::In(uids) => uids.iter().filter_map(named).collect(),
    }
}

/// A permit says what it permits, and an action that decides on access stands alone, so that annotations are about it.
fn check_scope(policy: &Policy, actions: &[Action]) -> Option<Problem> {
    if policy.action_constraint() == ActionConstraint::Any {
        return Some(Problem::UnnamedAction);
    }
    let deciding = actions.iter().find(|a| a.decides_access())?;
    (actions.len() > 1).then(|| Problem::MixedActions(deciding.as_str()))
}

/// The digest of what the set means: its policies in Cedar's own layout by id, its routes by name, and the schema.
fn revision(cedar: &CedarSet, routes: &Routes) -> String {
    let canonical = |policy: &Policy| {
        let rendered = policy.to_json().ok().and_then(|json| Policy::from_json(None, json).ok()).and_then(|p| p.to_cedar());
        rendered.or_else(|| policy.to_cedar()).unwrap_or_default()
    };
    let by_id: BTreeMap<String, String> = cedar.policies().map(|p| (p.id().to_string(), canonical(p))).collect();
    let mut hash = Sha256::new();
    let mut part = |text: &str| {
        hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(text);
    };
    part(SCHEMA);
    part(ROUTES);
    part(&serde_json::to_string(routes).unwrap_or_default());
    for (id, text) in &by_id {
        part(id);
        part(text);
    }
    format!("sha256:{}", hex::encode(hash.finalize()))
}

#[cfg(test)]
mod tests;
