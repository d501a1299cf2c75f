//! The host's own look: a declared statement, run by the host, whose row is compared with what each state looks like. No code
//! of the connector takes part, so a connector that did nothing cannot say otherwise.

use std::collections::BTreeMap;

use hallpass_domain::holding::Presence;
use hallpass_domain::port::Failure;

use super::connect;
use super::session::{Purpose, Session};
use super::statement::Statement;
use super::statement::render::Frozen;
use super::values::Value;
use crate::frame::Frame;
use crate::manifest::document::{Expect, Rows};

/// A declared look.
#[derive(Debug)]
pub(crate) struct Look {
    /// What is run.
    pub(crate) statement: Statement,
    states: Vec<(Presence, Pattern)>,
}

#[derive(Debug)]
enum Pattern {
    NoRows,
    OneRow(BTreeMap<String, Expected>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expected {
    Constant(Value),
    Stamp,
    Mark,
    Account,
    Entitlement,
    Until,
    Resource(String),
    Parameter(String),
}

/// What one look saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// The state; `None` is drift.
    pub(crate) presence: Option<Presence>,
    /// The attempt whose mark was read.
    pub(crate) attempt: Option<i64>,
    /// Columns that differ from the nearest state, or those that no state names.
    pub(crate) details: Vec<(String, String)>,
}

/// PostgreSQL's code for a database that does not exist.
const NO_DATABASE: &str = "sqlstate-3d000";

/// A session for the looks, and whether the resource's database is gone: then looks that read what belongs to the whole server
/// open the target's own, or nobody could ever see that access which reached into a dropped database is gone too.
pub(crate) async fn open(frame: &Frame, looks: &[Look]) -> Result<(Session, bool), Failure> {
    let database = super::database(frame)?;
    match Session::open(frame, &database, Purpose::Look).await {
        Err(failure) if failure.code == NO_DATABASE && looks.iter().all(|look| look.statement.server_wide) => {
            let home = connect::home(&frame.manifest, &frame.call.endpoint)?;
            Session::open(frame, &home, Purpose::Look).await.map(|session| (session, true))
        }
        done => done.map(|session| (session, false)),
    }
}

impl Verdict {
    /// What remains of it where the resource's database is gone: absence is proved, and nothing else is any state of ours.
    pub(crate) fn without_database(mut self) -> Self {
        self.presence = self.presence.filter(|presence| *presence == Presence::Absent);
        self.details.push(("database".to_owned(), "does not exist".to_owned()));
        self
    }
}

impl Look {
    /// Checks what is expected. The error is a sentence.
    pub(crate) fn declare(statement: Statement, expect: &Expect) -> Result<Self, String> {
        let mut states = vec![(Presence::Present, pattern(&statement.name, &expect.present)?)];
        if let Some(rows) = &expect.suspended {
            states.push((Presence::Suspended, pattern(&statement.name, rows)?));
        }
        states.push((Presence::Absent, pattern(&statement.name, &expect.absent)?));
        if states.iter().filter(|(_, p)| matches!(p, Pattern::NoRows)).count() > 1 {
            return Err(format!("the look `{}` expects `no rows` for two states, which it could not tell apart", statement.name));
        }
        Ok(Self { statement, states })
    }

    /// Compares `rows`, of which there may be more when `truncated`, with the states.
    pub(crate) fn judge(&self, rows: &[Vec<(String, Value)>], truncated: bool, frozen: Frozen<'_>) -> Verdict {
        let name = &self.statement.name;
        let row = match rows {
            [] => {
                let absent = self.states.iter().find(|(_, p)| matches!(p, Pattern::NoRows)).map(|(presence, _)| *presence);
                let details = if absent.is_none() { vec![(name.clone(), "no rows".to_owned())] } else { vec![] };
                return Verdict { presence: absent, attempt: None, details };
            }
            [row] if !truncated => row,
            _ => return Verdict { presence: None, attempt: None, details: vec![(name.clone(), "more than one row".to_owned())] },
        };
        let attempt = self.states.iter().find_map(|(_, p)| p.attempt(row, frozen));
        let mut nearest: Option<Vec<(String, String)>> = None;
        for (presence, pattern) in &self.states {
            let Some(wrong) = pattern.differences(name, row, frozen) else { continue };
            if wrong.is_empty() {
                return Verdict { presence: Some(*presence), attempt, details: pattern.rest(row) };
            }
            if nearest.as_ref().is_none_or(|n| wrong.len() < n.len()) {
                nearest = Some(wrong);
            }
        }
        Verdict { presence: None, attempt, details: nearest.unwrap_or_else(|| vec![(name.clone(), "a row".to_owned())]) }
    }
}

fn pattern(look: &str, rows: &Rows) -> Result<Pattern, String> {
    let Rows::One(columns) = rows else { return Ok(Pattern::NoRows) };
    if columns.is_empty() {
        return Err(format!("the look `{look}` expects a row of no columns, which any row would be"));
    }
    let expected = columns.iter().map(|(column, value)| {
        Expected::parse(value).map(|e| (column.clone(), e)).ok_or_else(|| {
            format!("the look `{look}` expects of `{column}` what no row can be compared with: a text, integer, boolean, null or grant.…")
        })
    });
    expected.collect::<Result<_, _>>().map(Pattern::OneRow)
}

impl Pattern {
    /// The columns that differ, each with what is there; `None` where this state has no row.
    fn differences(&self, look: &str, row: &[(String, Value)], frozen: Frozen<'_>) -> Option<Vec<(String, String)>> {
        let Self::OneRow(columns) = self else { return None };
        let wrong = columns.iter().filter_map(|(column, expected)| match find(row, column) {
            Some(value) if expected.matches(value, frozen) => None,
            Some(value) => Some((format!("{look}.{column}"), value.show())),
            None => Some((format!("{look}.{column}"), "no such column".to_owned())),
        });
        Some(wrong.collect())
    }

    fn attempt(&self, row: &[(String, Value)], frozen: Frozen<'_>) -> Option<i64> {
        let Self::OneRow(columns) = self else { return None };
        let (column, _) = columns.iter().find(|(_, e)| **e == Expected::Mark)?;
        attempt_of(find(row, column)?, frozen)
    }

    /// The columns that are not compared, for people.
    fn rest(&self, row: &[(String, Value)]) -> Vec<(String, String)> {
        let Self::OneRow(columns) = self else { return vec![] };
        row.iter().filter(|(c, _)| !columns.contains_key(c)).map(|(c, v)| (c.clone(), v.show())).collect()
    }
}

fn find<'a>(row: &'a [(String, Value)], column: &str) -> Option<&'a Value> {
    let mut all = row.iter().filter(|(c, _)| c == column);
    all.next().map(|(_, v)| v).filter(|_| all.next().is_none())
}

pub(crate) fn attempt_of(value: &Value, frozen: Frozen<'_>) -> Option<i64> {
    let Value::Text(text) = value else { return None };
    let digits = text.strip_prefix(frozen.wish?.stamp.as_str())?.strip_prefix('/')?;
    let attempt = digits.parse::<i64>().ok()?;
    (attempt >= 0 && attempt.to_string() == digits).then_some(attempt)
}

impl Expected {
    pub(crate) fn parse(value: &serde_json::Value) -> Option<Self> {
        Some(match value {
            serde_json::Value::Null => Self::Constant(Value::Null),
            serde_json::Value::Bool(b) => Self::Constant(Value::Boolean(*b)),
            serde_json::Value::Number(n) => Self::Constant(Value::Integer(n.as_i64()?)),
            serde_json::Value::String(text) => match text.as_str() {
                "stamp" => Self::Stamp,
                "grant.mark" => Self::Mark,
                "grant.account" => Self::Account,
                "grant.entitlement" => Self::Entitlement,
                "grant.until" => Self::Until,
                other => match other.split_once('.') {
                    Some(("resource", kind)) => Self::Resource(kind.to_owned()),
                    Some(("parameter", key)) => Self::Parameter(key.to_owned()),
                    Some(("grant", _)) => return None,
                    _ => Self::Constant(Value::Text(other.to_owned())),
                },
            },
            serde_json::Value::Array(_) | serde_json::Value::Object(_) => return None,
        })
    }

    pub(crate) fn matches(&self, value: &Value, frozen: Frozen<'_>) -> bool {
        if let Self::Constant(constant) = self {
            return constant == value;
        }
        let Some(wish) = frozen.wish else { return false };
        let is = |text: Option<&str>| matches!((value, text), (Value::Text(v), Some(t)) if v == t);
        match self {
            Self::Constant(constant) => constant == value,
            Self::Stamp => is(Some(wish.stamp.as_str())),
            Self::Mark => attempt_of(value, frozen).is_some(),
            Self::Account => is(wish.account.as_deref()),
            Self::Entitlement => is(Some(&wish.entitlement)),
            Self::Until => *value == Value::Instant(wish.until.as_unsigned()),
            Self::Resource(kind) => is(wish.resource.segment(kind)),
            Self::Parameter(key) => is(wish.parameters.get(key).map(String::as_str)),
        }
    }
}

/// What all looks of an entitlement say together: they must agree, on the attempt too; anything else is drift.
pub(crate) fn agree(verdicts: Vec<Verdict>) -> Verdict {
    let mut all = verdicts.into_iter();
    let Some(mut out) = all.next() else { return Verdict { presence: None, attempt: None, details: vec![] } };
    for next in all {
        if out.presence != next.presence {
            let word = |p: Option<Presence>| p.map_or("drift", Presence::as_str).to_owned();
            if out.presence.is_some() && next.presence.is_some() {
                out.details.push(("looks-disagree".to_owned(), format!("{} and {}", word(out.presence), word(next.presence))));
            }
            out.presence = None;
        }
        match (out.attempt, next.attempt) {
            (Some(a), Some(b)) if a != b => {
                out.presence = None;
                out.details.push(("marks-disagree".to_owned(), format!("attempts {a} and {b}")));
            }
            (None, later) => out.attempt = later,
            _ => {}
        }
        out.details.extend(next.details);
    }
    out
}

#[cfg(test)]
mod tests;
