//! `routes.toml`: who must approve, in which order.

use std::collections::{BTreeMap, BTreeSet};

use hallpass_domain::name::Name;
use hallpass_domain::request::{OnTimeout, Stage};
use serde::Deserialize;

use crate::duration;
use crate::fault::{Fault, Problem};
use crate::policy_text::line_of;
use crate::source::Source;

/// Routes by name. No route is empty; within a route no group stands twice.
pub(crate) type Routes = BTreeMap<String, Vec<Stage>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoutesText {
    /// Groups that the set relies on, whether somebody has made them yet or not.
    #[serde(default)]
    groups: BTreeSet<Name>,
    #[serde(default)]
    routes: BTreeMap<Name, RouteText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RouteText {
    stages: Vec<StageText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StageText {
    group: String,
    #[serde(default = "one")]
    n: u32,
    #[serde(default = "one")]
    denials: u32,
    timeout: Option<String>,
    on_timeout: Option<String>,
}

const fn one() -> u32 {
    1
}

/// Reads the routes, and adds the groups that they declare to `groups`, of which every group that is named must be one.
pub(crate) fn read(source: &Source, groups: &mut KnownGroups) -> (Routes, Vec<Fault>) {
    let text: RoutesText = match toml::from_str(&source.text) {
        Ok(text) => text,
        Err(e) => {
            let line = e.span().map(|span| line_of(&source.text, span.start));
            return (Routes::new(), vec![Fault::new(&source.file, Problem::Routes(e.message().to_owned())).at(line)]);
        }
    };
    groups.declare(text.groups);
    let groups = &*groups;
    let mut routes = Routes::new();
    let mut faults = Vec::new();
    for (name, route) in text.routes {
        let mut problems = Vec::new();
        let mut stages: Vec<Stage> = Vec::new();
        if route.stages.is_empty() {
            problems.push(Problem::NoStage);
        }
        for (number, stage) in (1..).zip(route.stages) {
            match check(&stage, &stages, groups) {
                Ok(stage) => stages.push(stage),
                Err(wrong) => problems.push(Problem::Stage { number, wrong }),
            }
        }
        faults.extend(problems.into_iter().map(|p| Fault::new(&source.file, p).of(&format!("routes.{name}"))));
        routes.insert(name.into(), stages);
    }
    (routes, faults)
}

fn check(text: &StageText, earlier: &[Stage], groups: &KnownGroups) -> Result<Stage, String> {
    let group = groups.find(&text.group).map_err(|p| p.to_string())?;
    if earlier.iter().any(|s| s.group == group) {
        return Err(format!("the group \"{group}\" stands in an earlier stage; name it once and raise n there"));
    }
    for (field, value) in [("n", text.n), ("denials", text.denials)] {
        if !(1..=100).contains(&value) {
            return Err(format!("{field} is {value}; it must be 1 to 100"));
        }
    }
    let timeout_ms = match &text.timeout {
        None => None,
        Some(t) => Some(duration::parse(t).ok_or_else(|| format!("the timeout {t:?} cannot be read; it must be {}", duration::EXPECTED))?),
    };
    let (on_timeout, escalate_to) = match text.on_timeout.as_deref() {
        Some(_) if timeout_ms.is_none() => return Err("on_timeout has no timeout; add one, as in timeout = \"1h\"".to_owned()),
        None | Some("deny") => (OnTimeout::Deny, None),
        Some("notify") => (OnTimeout::Notify, None),
        Some(other) => {
            let to = other
                .strip_prefix("escalate:")
                .ok_or_else(|| format!("on_timeout is {other:?}; it must be \"deny\", \"notify\" or \"escalate:<group>\""))?;
            let to = groups.find(to).map_err(|p| p.to_string())?;
            if to == group {
                return Err(format!("on_timeout escalates to the stage's own group \"{to}\"; name another"));
            }
            (OnTimeout::Escalate, Some(to))
        }
    };
    Ok(Stage { group, n: text.n, denials: text.denials, timeout_ms, on_timeout, escalate_to })
}

/// The groups that policies and routes may name.
pub(crate) struct KnownGroups {
    known: BTreeMap<String, Name>,
    declared: BTreeSet<Name>,
}

impl KnownGroups {
    /// Those given, and the one of the built-in set.
    pub(crate) fn new<'a>(groups: impl IntoIterator<Item = &'a Name>) -> Self {
        let operators = "operators".parse::<Name>().ok();
        let known = groups.into_iter().cloned().chain(operators).map(|g| (g.as_str().to_owned(), g)).collect();
        Self { known, declared: BTreeSet::new() }
    }

    /// Adds groups that the set itself declares. One that nobody has made yet has no members.
    fn declare(&mut self, groups: BTreeSet<Name>) {
        for group in groups {
            if self.known.insert(group.as_str().to_owned(), group.clone()).is_none() {
                self.declared.insert(group);
            }
        }
    }

    /// Those that are only declared.
    pub(crate) fn unmade(self) -> BTreeSet<Name> {
        self.declared
    }

    /// The group of this name.
    pub(crate) fn find(&self, group: &str) -> Result<Name, Problem> {
        self.known.get(group).cloned().ok_or_else(|| Problem::UnknownGroup { group: group.to_owned(), known: listed(self.known.keys()) })
    }
}

/// Names in a row, for error texts.
pub(crate) fn listed<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<&str> = names.map(String::as_str).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
