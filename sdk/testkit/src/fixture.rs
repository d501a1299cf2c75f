//! `fixture.json`: a sample target, sample wishes and calls, and a scripted world that answers instead of the target.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::world::rule::{Rule, Section, one_or_many};
use crate::world::state::{State, check_held};

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

/// The most wishes, and the most calls: each is played hundreds of times.
const MOST_SAMPLES: usize = 32;

impl Fixture {
    /// Reads the bytes of the section `hallpass:fixture`.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadFixture> {
        if bytes.is_empty() {
            return Err(BadFixture("there is none".to_owned()));
        }
        let json = &mut serde_json::Deserializer::from_slice(bytes);
        let mut fixture: Self = serde_path_to_error::deserialize(&mut *json).map_err(|e| match e.path().to_string().as_str() {
            "." => BadFixture(e.inner().to_string()),
            path => BadFixture(format!("at `{path}`: {}", e.inner())),
        })?;
        json.end().map_err(|e| BadFixture(format!("something follows it: {e}")))?;
        if let Some(twice) = fixture.wishes.iter().enumerate().find(|(n, w)| fixture.wishes.iter().take(*n).any(|o| o.name == w.name)) {
            return Err(BadFixture(format!("two wishes are named `{}`", twice.1.name)));
        }
        if fixture.wishes.len() > MOST_SAMPLES || fixture.calls.len() > MOST_SAMPLES {
            return Err(BadFixture(format!(
                "it has more than {MOST_SAMPLES} wishes, or calls: one for each thing that is done in another way is enough"
            )));
        }
        check_held(&fixture.world).map_err(BadFixture)?;
        settle(Section::Sql, &mut fixture.sql)?;
        settle(Section::Http, &mut fixture.http)?;
        Ok(fixture)
    }
}

/// Checks the rules of a section, and writes out those that are like another's.
fn settle(section: Section, rules: &mut BTreeMap<String, Rules>) -> Result<(), BadFixture> {
    let written = rules.clone();
    for (name, own) in rules {
        let wrong = |what: String| BadFixture(format!("at `{section}.{name}`: {what}"));
        if let [Rule { like: Some(other), .. }] = own.0.as_slice() {
            let found = written.get(other).filter(|rules| rules.0.iter().all(|rule| rule.like.is_none()));
            *own = found.cloned().ok_or_else(|| wrong(format!("it is like `{other}`, which has no rules of its own")))?;
        }
        own.0.iter().try_for_each(|rule| rule.check(section)).map_err(wrong)?;
    }
    Ok(())
}
