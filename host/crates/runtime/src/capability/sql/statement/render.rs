//! Fills a template: every value is quoted here, for the dialect of PostgreSQL, and nowhere else.

use hallpass_domain::clock::Timestamp;
use hallpass_domain::port::{Failure, FailureKind, Wish};

use serde_json::{Map, Value};

use super::template::{Piece, Rendering, Source, Template};

/// A guest's argument, checked for its slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Argument {
    Identifier(String),
    Text(String),
    Integer(i64),
    Boolean(bool),
    Instant(Timestamp),
    /// The verifier of a secret, never the secret.
    Verifier(String),
}

impl Argument {
    fn rendering(&self) -> Rendering {
        match self {
            Self::Identifier(_) => Rendering::Identifier,
            Self::Text(_) => Rendering::Text,
            Self::Integer(_) => Rendering::Integer,
            Self::Boolean(_) => Rendering::Boolean,
            Self::Instant(_) => Rendering::Instant,
            Self::Verifier(_) => Rendering::Verifier,
        }
    }
}

impl From<Argument> for Value {
    fn from(argument: Argument) -> Self {
        match argument {
            Argument::Identifier(text) | Argument::Text(text) | Argument::Verifier(text) => text.into(),
            Argument::Integer(n) => n.into(),
            Argument::Boolean(b) => b.into(),
            Argument::Instant(t) => t.as_unsigned().into(),
        }
    }
}

/// What the host fills slots with.
#[derive(Clone, Copy)]
pub(crate) struct Frozen<'a> {
    /// The approved wish; `None` in a call that has none.
    pub(crate) wish: Option<&'a Wish>,
    /// The attempt, second half of the mark.
    pub(crate) attempt: i64,
}

fn refuse(statement: &str, message: &str) -> Failure {
    Failure::none(FailureKind::InvalidInput, "bad-slot-value", format!("statement `{statement}`: {message}"))
}

/// A statement that can be run.
#[derive(Debug, Clone)]
pub(crate) struct Rendered {
    /// Its name in the manifest.
    pub(crate) name: String,
    /// Its text, with every value quoted.
    pub(crate) sql: String,
    /// The values of its slots by name, for a stage. Of a secret it is the verifier.
    pub(crate) values: Map<String, Value>,
}

impl Rendered {
    /// A text of the host's own.
    pub(crate) fn own(name: &str, sql: impl Into<String>) -> Self {
        Self { name: name.to_owned(), sql: sql.into(), values: Map::new() }
    }
}

/// The SQL of `template`, with `arguments` in the order of its open slots.
pub(crate) fn render(name: &str, template: &Template, frozen: Frozen<'_>, arguments: &[Argument]) -> Result<Rendered, Failure> {
    let open: Vec<usize> =
        (0..template.slots.len()).filter(|n| template.slots.get(*n).is_some_and(|s| matches!(s.source, Source::Open(_)))).collect();
    if open.len() != arguments.len() {
        let message = format!("takes {} arguments and got {}", open.len(), arguments.len());
        return Err(refuse(name, &message));
    }
    let mut sql = String::new();
    let mut values = Map::new();
    for piece in &template.pieces {
        match piece {
            Piece::Text(text) => sql.push_str(text),
            Piece::Slot { slot, rendering } => {
                let Some(declared) = template.slots.get(*slot) else { continue };
                let argument = open.iter().position(|n| n == slot).and_then(|n| arguments.get(n));
                let wrong = |message| refuse(name, &format!("slot `{}` {message}", declared.name));
                let value = fill(&declared.source, frozen, argument).map_err(wrong)?;
                sql.push_str(&quote(&value, *rendering).map_err(wrong)?);
                values.entry(declared.name.clone()).or_insert_with(|| value.into());
            }
        }
    }
    Ok(Rendered { name: name.to_owned(), sql, values })
}

fn fill(source: &Source, frozen: Frozen<'_>, argument: Option<&Argument>) -> Result<Argument, String> {
    if let Source::Open(rendering) = source {
        let argument = argument.ok_or("has no argument")?;
        if argument.rendering() != *rendering {
            return Err("got an argument of another kind than it declares".to_owned());
        }
        return Ok(argument.clone());
    }
    let wish = frozen.wish.ok_or("is filled from the holding, and this call has none")?;
    let name = |text: &str| Argument::Identifier(text.to_owned());
    Ok(match source {
        Source::Stamp => name(wish.stamp.as_str()),
        Source::Until => Argument::Instant(wish.until),
        Source::Mark => Argument::Text(mark(wish, frozen.attempt)),
        Source::Account => name(wish.account.as_deref().ok_or("is the account, and this holding has none: its mode is provisioning")?),
        Source::Entitlement => Argument::Text(wish.entitlement.clone()),
        Source::Resource(kind) => name(wish.resource.segment(kind).ok_or_else(|| format!("is the {kind}, and the resource names none"))?),
        Source::Parameter(key) => {
            Argument::Text(wish.parameters.get(key).ok_or_else(|| format!("is the parameter {key}, which was not approved"))?.clone())
        }
        Source::Open(_) => return Err("has no argument".to_owned()),
    })
}

/// The mark of an attempt: the text that tells whose work is in the target.
pub(crate) fn mark(wish: &Wish, attempt: i64) -> String {
    format!("{}/{attempt}", wish.stamp)
}

fn quote(value: &Argument, rendering: Rendering) -> Result<String, String> {
    match (value, rendering) {
        (Argument::Identifier(text) | Argument::Text(text), Rendering::Identifier) => identifier(text),
        (Argument::Identifier(text) | Argument::Text(text) | Argument::Verifier(text), Rendering::Text | Rendering::Verifier) => {
            literal(text)
        }
        (Argument::Integer(n), Rendering::Integer) if *n < 0 => Ok(format!("({n})")),
        (Argument::Integer(n), Rendering::Integer) => Ok(n.to_string()),
        (Argument::Boolean(b), Rendering::Boolean) => Ok(if *b { "TRUE" } else { "FALSE" }.to_owned()),
        (Argument::Instant(t), Rendering::Instant) => instant(*t),
        _ => Err("has a value that cannot be written in this form".to_owned()),
    }
}

/// `"name"`, each `"` doubled. Longer than 63 bytes is refused: PostgreSQL would cut it and mean another object.
pub(crate) fn identifier(text: &str) -> Result<String, String> {
    if text.is_empty() || text.len() > 63 {
        return Err("must be 1 to 63 bytes long as a name in PostgreSQL".to_owned());
    }
    no_nul(text)?;
    Ok(format!("\"{}\"", text.replace('"', "\"\"")))
}

/// `'text'`, each `'` doubled. With a backslash it becomes ` E'…'` with each backslash doubled, which reads the same under
/// both values of `standard_conforming_strings`.
pub(crate) fn literal(text: &str) -> Result<String, String> {
    no_nul(text)?;
    let quoted = text.replace('\'', "''");
    if text.contains('\\') { Ok(format!(" E'{}'", quoted.replace('\\', "\\\\"))) } else { Ok(format!("'{quoted}'")) }
}

fn no_nul(text: &str) -> Result<(), String> {
    if text.contains('\0') { Err("must not contain NUL".to_owned()) } else { Ok(()) }
}

fn instant(t: Timestamp) -> Result<String, String> {
    // PostgreSQL reads years of four digits in this form.
    if (0..=253_402_300_799_999).contains(&t.0) { Ok(format!("'{t}'")) } else { Err("must lie between the years 1970 and 9999".to_owned()) }
}
