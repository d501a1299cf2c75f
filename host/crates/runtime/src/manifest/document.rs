//! The JSON of `hallpass:manifest` as it is written: shape only, no rule. Unknown and repeated keys are refused.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use hallpass_domain::holding::Mode;
use hallpass_domain::port::Sessions;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::http::Http;

/// The whole manifest.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Document {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) publisher: String,
    pub(crate) wit: String,
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default, deserialize_with = "once_each")]
    pub(crate) settings: BTreeMap<String, Setting>,
    #[serde(default, deserialize_with = "once_each")]
    pub(crate) secrets: BTreeMap<String, Secret>,
    pub(crate) entitlements: Vec<Entitlement>,
    #[serde(default, deserialize_with = "once_each")]
    pub(crate) statements: BTreeMap<String, Statement>,
    #[serde(default, deserialize_with = "once_each")]
    pub(crate) recipes: BTreeMap<String, Recipe>,
    #[serde(default)]
    pub(crate) http: Http,
}

/// A setting of a target.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Setting {
    pub(crate) r#type: SettingType,
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) required: bool,
    pub(crate) default: Option<serde_json::Value>,
    pub(crate) values: Option<Vec<serde_json::Value>>,
}

/// What a setting holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SettingType {
    String,
    Integer,
    Boolean,
}

/// A secret of a target.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Secret {
    pub(crate) title: String,
    pub(crate) r#use: Vec<SecretUse>,
    /// A target can do without it.
    #[serde(default)]
    pub(crate) optional: bool,
}

/// Where a secret may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SecretUse {
    /// The host logs in to the target's database with it.
    SqlLogin,
    /// The host makes a credential of `http` of it.
    Http,
}

/// A kind of access.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entitlement {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) resource: String,
    pub(crate) mode: Mode,
    pub(crate) sessions: Sessions,
    pub(crate) settles_within_ms: u64,
    pub(crate) suspend: bool,
    pub(crate) marked: bool,
    #[serde(default, deserialize_with = "once_each")]
    pub(crate) parameters: BTreeMap<String, Parameter>,
    #[serde(default)]
    pub(crate) look: Vec<String>,
}

/// A value that is approved with a request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameter {
    pub(crate) title: String,
    pub(crate) values: Option<Vec<String>>,
}

/// A declared statement.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Statement {
    pub(crate) text: String,
    #[serde(default, deserialize_with = "once_each")]
    pub(crate) slots: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) effect: Effect,
    pub(crate) calls: Vec<Call>,
    #[serde(default)]
    pub(crate) databases: bool,
    #[serde(default)]
    pub(crate) server_wide: bool,
    pub(crate) expect: Option<Expect>,
}

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Effect {
    Read,
    #[default]
    Change,
}

/// The calls in which a statement may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Call {
    Apply,
    Revoke,
    Observe,
    Inventory,
    Tools,
    Look,
    Health,
    Describe,
    ToolOutcomes,
}

impl Call {
    /// The word of the manifest.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Revoke => "revoke",
            Self::Observe => "observe",
            Self::Inventory => "inventory",
            Self::Tools => "tools",
            Self::Look => "look",
            Self::Health => "health",
            Self::Describe => "describe",
            Self::ToolOutcomes => "tool-outcomes",
        }
    }

    /// The function of the WIT that answers it.
    pub(crate) fn function(self) -> &'static str {
        match self {
            Self::Apply => "grants.apply",
            Self::Revoke => "grants.revoke",
            // Where no look is declared, the connector's own answer stands for it.
            Self::Observe | Self::Look => "grants.observe",
            Self::Inventory => "inventory.list-page",
            Self::Tools => "tools.call",
            Self::Health => "health.check",
            Self::Describe => "describe.describe",
            Self::ToolOutcomes => "tool-outcomes.observe",
        }
    }

    /// Whether a call of this kind may change a target.
    pub(crate) fn changes(self) -> bool {
        matches!(self, Self::Apply | Self::Revoke | Self::Tools)
    }
}

/// The states that a look tells apart.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    pub(crate) present: Rows,
    pub(crate) suspended: Option<Rows>,
    pub(crate) absent: Rows,
}

impl Expect {
    /// All of it, as the operator reads it.
    pub(crate) fn describe(&self) -> String {
        let state = |rows: &Rows| match rows {
            Rows::None => serde_json::Value::from("no rows"),
            Rows::One(columns) => serde_json::json!(columns),
        };
        states(state(&self.present), self.suspended.as_ref().map(state), state(&self.absent))
    }
}

/// What a look expects, in one line.
pub(super) fn states(present: serde_json::Value, suspended: Option<serde_json::Value>, absent: serde_json::Value) -> String {
    let mut all = serde_json::Map::from_iter([("absent".to_owned(), absent), ("present".to_owned(), present)]);
    all.extend(suspended.map(|s| ("suspended".to_owned(), s)));
    crate::hostile_text::json(&all.into())
}

/// One row, by column, or the text `no rows`.
#[derive(Debug)]
pub(crate) enum Rows {
    None,
    One(BTreeMap<String, serde_json::Value>),
}

/// How a secret is made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recipe {
    pub(crate) bytes: usize,
    pub(crate) alphabet: Alphabet,
}

/// How the bytes of a secret are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Alphabet {
    /// RFC 4648, section 5, without padding.
    Base64url,
}

impl<'de> Deserialize<'de> for Rows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct State;
        impl<'de> Visitor<'de> for State {
            type Value = Rows;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of columns, or the text \"no rows\"")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Rows, E> {
                if text == "no rows" { Ok(Rows::None) } else { Err(E::custom("a state is an object of columns, or the text \"no rows\"")) }
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Rows, A::Error> {
                Once(PhantomData).visit_map(map).map(Rows::One)
            }
        }
        deserializer.deserialize_any(State)
    }
}

/// A map in which no key stands twice: the operator must not read one value and the host another.
pub(crate) fn once_each<'de, D: Deserializer<'de>, V: Deserialize<'de>>(deserializer: D) -> Result<BTreeMap<String, V>, D::Error> {
    deserializer.deserialize_map(Once(PhantomData))
}

struct Once<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for Once<V> {
    type Value = BTreeMap<String, V>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut out = BTreeMap::new();
        while let Some((key, value)) = map.next_entry::<String, V>()? {
            if out.contains_key(&key) {
                return Err(A::Error::custom(format!("the key `{key}` stands twice")));
            }
            out.insert(key, value);
        }
        Ok(out)
    }
}
