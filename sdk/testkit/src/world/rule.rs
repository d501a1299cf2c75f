//! One rule of a scripted world: when it holds, what it changes, what it answers.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde_json::{Map, Value};

use super::state::{Scope, State, Told};

/// A rule of a statement or a request.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    /// Things that must be there.
    #[serde(default, rename = "if", deserialize_with = "one_or_many")]
    present: Vec<String>,
    /// Things that must not be there.
    #[serde(default, deserialize_with = "one_or_many")]
    unless: Vec<String>,
    /// What places must hold; null where there must be nothing.
    #[serde(default)]
    when: Map<String, Value>,
    /// Fields of things (`"thing": {…}` adds to it, or makes it), or single places (`"thing.field": value`).
    #[serde(default)]
    set: Map<String, Value>,
    /// Things that are gone afterwards.
    #[serde(default, deserialize_with = "one_or_many")]
    remove: Vec<String>,
    /// Rows of a statement that reads.
    pub(crate) rows: Option<Vec<Value>>,
    /// Rows that a statement affected: 1 where nothing is said.
    pub(crate) affected: Option<u64>,
    /// The database refuses a statement.
    pub(crate) error: Option<SqlError>,
    /// Status of the answer to a request: 200 where it has a body, else 204.
    pub(crate) status: Option<u16>,
    /// Headers of that answer.
    pub(crate) headers: Option<BTreeMap<String, String>>,
    /// Its body, in JSON.
    pub(crate) body: Option<Value>,
    /// Its body, where it is no JSON.
    pub(crate) text: Option<String>,
}

/// A server's error.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SqlError {
    pub(crate) sqlstate: String,
    pub(crate) message: String,
}

impl Rule {
    /// A part that says nothing about a statement.
    pub(crate) fn no_part_of_sql(&self) -> Option<&'static str> {
        let parts = [
            ("status", self.status.is_some()),
            ("headers", self.headers.is_some()),
            ("body", self.body.is_some()),
            ("text", self.text.is_some()),
        ];
        parts.into_iter().find(|(_, said)| *said).map(|(name, _)| name)
    }

    /// A part that says nothing about a request.
    pub(crate) fn no_part_of_http(&self) -> Option<&'static str> {
        let parts = [("rows", self.rows.is_some()), ("affected", self.affected.is_some()), ("error", self.error.is_some())];
        parts.into_iter().find(|(_, said)| *said).map(|(name, _)| name)
    }

    /// Whether its conditions hold.
    pub(crate) fn holds(&self, scope: Scope<'_>) -> Told<bool> {
        for thing in &self.present {
            if !scope.state.contains_key(&scope.thing(thing)?) {
                return Ok(false);
            }
        }
        for thing in &self.unless {
            if scope.state.contains_key(&scope.thing(thing)?) {
                return Ok(false);
            }
        }
        for (place, wanted) in &self.when {
            if scope.at(place)? != scope.fill(wanted)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The state after it.
    pub(crate) fn after(&self, scope: Scope<'_>) -> Told<State> {
        let mut state = scope.state.clone();
        for (what, value) in &self.set {
            if let Value::Object(fields) = value
                && !fields.contains_key("$")
            {
                let thing = state.entry(scope.thing(what)?).or_default();
                for (field, value) in fields {
                    thing.insert(field.clone(), scope.fill(value)?);
                }
            } else {
                let (thing, field) = scope.place(what)?;
                let fields = state
                    .get_mut(&thing)
                    .ok_or_else(|| format!("\"{what}\" is set, and there is no \"{thing}\": make it first, with an object"))?;
                fields.insert(field, scope.fill(value)?);
            }
        }
        for thing in &self.remove {
            state.remove(&scope.thing(thing)?);
        }
        Ok(state)
    }
}

/// Where one is enough, a list need not be written.
pub(crate) fn one_or_many<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let list = match Value::deserialize(deserializer)? {
        Value::Array(list) => list,
        one => vec![one],
    };
    list.into_iter().map(|one| serde_json::from_value(one).map_err(D::Error::custom)).collect()
}
