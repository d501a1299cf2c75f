//! `fixture.json`: a sample target, sample wishes and calls, and a scripted world that answers instead of the target.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::world::rule::{Rule, one_or_many};
use crate::world::state::State;

/// A fixture, as its author wrote it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixture {
    /// The target that calls are made for.
    #[serde(default)]
    pub target: Target,
    /// What is granted and taken away: at least one per entitlement.
    #[serde(default)]
    pub wishes: Vec<Sample>,
    /// Calls of tools: at least one per tool.
    #[serde(default)]
    pub calls: Vec<ToolCall>,
    /// What the target holds in the beginning: things by name, each with its fields.
    #[serde(default)]
    pub(crate) world: State,
    /// What a statement of the manifest does, by its name.
    #[serde(default)]
    pub(crate) sql: BTreeMap<String, Rules>,
    /// What a request of the manifest does, by its name.
    #[serde(default)]
    pub(crate) http: BTreeMap<String, Rules>,
}

/// The rules of one statement or request: the first one whose conditions hold is taken.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(crate) struct Rules(#[serde(deserialize_with = "one_or_many")] pub(crate) Vec<Rule>);

/// A sample target.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Settings, by the names that the manifest declares.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// Names of the secrets that it has. Their values are canaries, which must show nowhere.
    #[serde(default)]
    pub secrets: Vec<String>,
}

/// A sample wish.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// What a report calls it.
    pub name: String,
    /// An entitlement of the manifest.
    pub entitlement: String,
    /// A resource that the world holds.
    pub resource: String,
    /// The account that gains access; none where one is provisioned.
    #[serde(default)]
    pub account: Option<String>,
    /// Approved parameters.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
}

/// A sample call of a tool.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolCall {
    /// The tool.
    pub tool: String,
    /// Its arguments.
    pub arguments: Map<String, Value>,
}

/// A fixture that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("its fixture is not valid: {0}. Mend fixture.json (see \"The fixture\" in AUTHORING.md) and build the connector again")]
pub struct BadFixture(pub(crate) String);

impl Fixture {
    /// Reads the bytes of the section `hallpass:fixture`.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadFixture> {
        if bytes.is_empty() {
            return Err(BadFixture("there is none".to_owned()));
        }
        let json = &mut serde_json::Deserializer::from_slice(bytes);
        let fixture: Self = serde_path_to_error::deserialize(&mut *json).map_err(|e| match e.path().to_string().as_str() {
            "." => BadFixture(e.inner().to_string()),
            path => BadFixture(format!("at `{path}`: {}", e.inner())),
        })?;
        json.end().map_err(|e| BadFixture(format!("something follows it: {e}")))?;
        if let Some(twice) = fixture.wishes.iter().enumerate().find(|(n, w)| fixture.wishes.iter().take(*n).any(|o| o.name == w.name)) {
            return Err(BadFixture(format!("two wishes are named `{}`", twice.1.name)));
        }
        let misplaced = |rules: &Rules, part: fn(&Rule) -> Option<&'static str>| rules.0.iter().find_map(part);
        for (name, rules) in &fixture.sql {
            if let Some(part) = misplaced(rules, Rule::no_part_of_sql) {
                return Err(BadFixture(format!(
                    "at `sql.{name}`: `{part}` belongs to rules of `http`; a statement has rows, affected, error"
                )));
            }
        }
        for (name, rules) in &fixture.http {
            if let Some(part) = misplaced(rules, Rule::no_part_of_http) {
                return Err(BadFixture(format!(
                    "at `http.{name}`: `{part}` belongs to rules of `sql`; a request has status, headers, body, text"
                )));
            }
            if let Some(status) = rules.0.iter().filter_map(|rule| rule.status).find(|status| !(200..=599).contains(status)) {
                return Err(BadFixture(format!("at `http.{name}`: no answer has the status {status}: write one of 200 to 599")));
            }
        }
        Ok(fixture)
    }
}
