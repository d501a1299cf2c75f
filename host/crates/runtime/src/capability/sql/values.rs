//! The closed map from PostgreSQL's types to the values that may cross to a connector. Anything else must be cast to text in
//! the declared statement, where the operator sees it.

use hallpass_domain::port::{Failure, FailureKind};
use sqlx::postgres::{PgRow, PgValueFormat, PgValueRef};
use sqlx::{Column as _, Row as _, TypeInfo as _, ValueRef as _};

/// A value of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Boolean(bool),
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
    /// Milliseconds since the Unix epoch; before it 0, `infinity` the largest number.
    Instant(u64),
    Texts(Vec<String>),
}

impl Value {
    /// What it takes of the budget for bytes.
    pub(crate) fn size(&self) -> usize {
        8 + match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Texts(texts) => texts.iter().map(|t| t.len() + 8).sum(),
            Self::Null | Self::Boolean(_) | Self::Integer(_) | Self::Instant(_) => 0,
        }
    }

    /// As a person reads it.
    pub(crate) fn show(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Boolean(b) => b.to_string(),
            Self::Integer(n) => n.to_string(),
            Self::Text(text) => text.clone(),
            Self::Bytes(bytes) => format!("{} bytes", bytes.len()),
            Self::Instant(ms) => ms.to_string(),
            Self::Texts(texts) => texts.join(", "),
        }
    }
}

/// Names and values of one row.
pub(crate) fn read_row(statement: &str, row: &PgRow) -> Result<Vec<(String, Value)>, Failure> {
    row.columns()
        .iter()
        .enumerate()
        .map(|(n, column)| {
            let raw = row.try_get_raw(n).map_err(|_| broken(statement, column.name()))?;
            Ok((column.name().to_owned(), read(statement, column.name(), &raw)?))
        })
        .collect()
}

/// Names and values of one row of a stage.
pub(crate) fn read_scripted_row(
    statement: &str,
    row: &serde_json::Map<String, serde_json::Value>,
) -> Result<Vec<(String, Value)>, Failure> {
    row.iter()
        .map(|(column, value)| Ok((column.clone(), scripted(value).ok_or_else(|| unmapped(statement, column, "no scalar"))?)))
        .collect()
}

fn scripted(value: &serde_json::Value) -> Option<Value> {
    use serde_json::Value as Json;
    Some(match value {
        Json::Null => Value::Null,
        Json::Bool(b) => Value::Boolean(*b),
        Json::Number(n) => Value::Integer(n.as_i64()?),
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(texts) => Value::Texts(texts.iter().map(|t| t.as_str().map(str::to_owned)).collect::<Option<_>>()?),
        Json::Object(typed) => Value::Instant(typed.get("instant")?.as_u64()?),
    })
}

fn unmapped(statement: &str, column: &str, name: &str) -> Failure {
    let message = format!("column `{column}` of statement `{statement}` has the type {name}: cast it to text in the statement");
    Failure::none(FailureKind::Unsupported, "unsupported-type", message)
}

fn broken(statement: &str, column: &str) -> Failure {
    let message = format!("column `{column}` of statement `{statement}` holds a value that does not read");
    Failure::none(FailureKind::Internal, "bad-value", message)
}

fn read(statement: &str, column: &str, raw: &PgValueRef<'_>) -> Result<Value, Failure> {
    if raw.is_null() {
        return Ok(Value::Null);
    }
    let name = raw.type_info().name().to_owned();
    let bytes = raw.as_bytes().map_err(|_| broken(statement, column))?;
    if raw.format() != PgValueFormat::Binary {
        return Err(broken(statement, column));
    }
    match decode(&name, bytes) {
        Decoded::Value(value) => Ok(value),
        Decoded::Broken => Err(broken(statement, column)),
        Decoded::Unmapped => Err(unmapped(statement, column, &name)),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Decoded {
    Value(Value),
    /// The bytes do not fit the type.
    Broken,
    /// The type is not in the map.
    Unmapped,
}

fn decode(name: &str, bytes: &[u8]) -> Decoded {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
    let value = match name {
        "BOOL" => bytes.first().map(|b| Value::Boolean(*b != 0)),
        "INT2" => bytes.try_into().ok().map(|b| Value::Integer(i16::from_be_bytes(b).into())),
        "INT4" => bytes.try_into().ok().map(|b| Value::Integer(i32::from_be_bytes(b).into())),
        "INT8" => bytes.try_into().ok().map(|b| Value::Integer(i64::from_be_bytes(b))),
        "OID" => bytes.try_into().ok().map(|b| Value::Integer(u32::from_be_bytes(b).into())),
        "TEXT" | "VARCHAR" | "CHAR" | "\"CHAR\"" | "NAME" | "UNKNOWN" => text(bytes).map(Value::Text),
        "BYTEA" => Some(Value::Bytes(bytes.to_vec())),
        "TIMESTAMPTZ" => bytes.try_into().ok().map(|b| Value::Instant(instant(i64::from_be_bytes(b)))),
        "TEXT[]" | "VARCHAR[]" | "NAME[]" => texts(bytes).map(Value::Texts),
        _ => return Decoded::Unmapped,
    };
    value.map_or(Decoded::Broken, Decoded::Value)
}

/// Microseconds since 2000-01-01 to milliseconds since 1970-01-01; the two ends of the range are the infinities.
fn instant(micros: i64) -> u64 {
    const BETWEEN: i64 = 946_684_800_000;
    match micros {
        i64::MAX => u64::MAX,
        i64::MIN => 0,
        finite => u64::try_from(finite.div_euclid(1000) + BETWEEN).unwrap_or(0),
    }
}

/// A one-dimensional array without nulls, in the binary form: dimensions, has-null, element type, length, lower bound, then
/// each element behind its length.
fn texts(mut bytes: &[u8]) -> Option<Vec<String>> {
    let mut int = || {
        let (head, rest) = bytes.split_first_chunk::<4>()?;
        bytes = rest;
        Some(i32::from_be_bytes(*head))
    };
    let dimensions = int()?;
    let _has_null = int()?;
    let _element = int()?;
    if dimensions == 0 {
        return Some(Vec::new());
    }
    if dimensions != 1 {
        return None;
    }
    let length = usize::try_from(int()?).ok()?;
    let _lower = int()?;
    let mut out = Vec::new();
    for _ in 0..length {
        let (head, rest) = bytes.split_first_chunk::<4>()?;
        let (element, rest) = rest.split_at_checked(usize::try_from(i32::from_be_bytes(*head)).ok()?)?;
        out.push(String::from_utf8(element.to_vec()).ok()?);
        bytes = rest;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_outside_of_the_map_is_not_guessed() {
        assert_eq!(decode("NUMERIC", &[0; 8]), Decoded::Unmapped);
        assert_eq!(decode("JSONB", b"\x01{}"), Decoded::Unmapped);
        assert_eq!(decode("INT4", &[0; 3]), Decoded::Broken, "too few bytes are an error, not a value");
    }

    #[test]
    fn instants_count_from_the_unix_epoch_and_infinity_is_the_largest() {
        assert_eq!(instant(0), 946_684_800_000);
        assert_eq!(instant(i64::MAX), u64::MAX);
        assert_eq!(instant(-946_684_800_000_000 - 1), 0);
    }

    #[test]
    fn an_array_of_texts_reads_whole_or_not_at_all() {
        let mut bytes = vec![0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 25, 0, 0, 0, 2, 0, 0, 0, 1];
        bytes.extend([0, 0, 0, 1, b'a', 0, 0, 0, 2, b'b', b'c']);
        assert_eq!(texts(&bytes), Some(vec!["a".to_owned(), "bc".to_owned()]));
        bytes.pop();
        assert_eq!(texts(&bytes), None);
    }
}
