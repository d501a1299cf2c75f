//! One rule of a scripted world: when it holds, what it changes, what it answers.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde_json::{Map, Value};

use super::state::{Scope, State, Told, check_held};

/// Where a rule stands, and so what it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    /// Statements.
    Sql,
    /// Requests.
    Http,
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sql => "sql",
            Self::Http => "http",
        })
    }
}

/// A rule of a statement or a request.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    /// Alone: the rules of this statement or request count here too, as those of a reading count for a look.
    pub(crate) like: Option<String>,
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
    /// What is wrong with it in this section.
    pub(crate) fn check(&self, section: Section) -> Result<(), String> {
        let sql = [("rows", self.rows.is_some()), ("affected", self.affected.is_some()), ("error", self.error.is_some())];
        let http = [
            ("status", self.status.is_some()),
            ("headers", self.headers.is_some()),
            ("body", self.body.is_some()),
            ("text", self.text.is_some()),
        ];
        let (others, own) = match section {
            Section::Sql => (&http[..], "a statement has `rows`, `affected`, `error`"),
            Section::Http => (&sql[..], "a request has `status`, `headers`, `body`, `text`"),
        };
        if self.like.is_some() {
            return Err("`like` stands alone, as the only rule".to_owned());
        }
        if let Some((part, _)) = others.iter().find(|(_, said)| *said) {
            return Err(format!("`{part}` says nothing here: {own}"));
        }
        if let Some(status) = self.status.filter(|status| !(200..=599).contains(status)) {
            return Err(format!("no answer has the status {status}: write one of 200 to 599"));
        }
        if self.body.is_some() && self.text.is_some() {
            return Err("a rule has a `body` or a `text`, not both".to_owned());
        }
        let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        match self.headers.iter().flatten().find(|(name, _)| !is_name(name)) {
            Some((name, _)) => Err(format!("nothing has the header `{name}`: a name has letters, digits and hyphens")),
            None => Ok(()),
        }
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
        check_held(&state)?;
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
