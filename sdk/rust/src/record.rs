//! Reading the rows of a result by the names of their columns.

use crate::Failure;
use crate::sql::{Page, Value};

/// One row of a [`Page`], read by column name.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    columns: &'a [String],
    values: &'a [Value],
}

impl Page {
    /// The first row, if there is one.
    pub fn record(&self) -> Option<Record<'_>> {
        self.records().next()
    }

    /// All rows, in the order of the result.
    pub fn records(&self) -> impl Iterator<Item = Record<'_>> {
        self.rows.iter().map(|values| Record { columns: &self.columns, values })
    }
}

impl<'a> Record<'a> {
    /// The value of a column. Errors: `unexpected-result`, when the statement returns no such column.
    pub fn value(&self, column: &str) -> Result<&'a Value, Failure> {
        let found = self.columns.iter().position(|name| name == column).and_then(|at| self.values.get(at));
        found.ok_or_else(|| unexpected(format!("the statement returned no column `{column}`; compare it with the manifest")))
    }

    /// A text. Errors: `unexpected-result`, when the column is missing or holds anything else.
    pub fn text(&self, column: &str) -> Result<&'a str, Failure> {
        match self.value(column)? {
            Value::Text(text) => Ok(text),
            other => Err(mistyped(column, "text", other)),
        }
    }

    /// A text, or nothing where the target says null.
    pub fn optional_text(&self, column: &str) -> Result<Option<&'a str>, Failure> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            other => Err(mistyped(column, "text", other)),
        }
    }

    /// A whole number.
    pub fn integer(&self, column: &str) -> Result<i64, Failure> {
        match self.value(column)? {
            Value::Integer(number) => Ok(*number),
            other => Err(mistyped(column, "integer", other)),
        }
    }

    /// True or false.
    pub fn boolean(&self, column: &str) -> Result<bool, Failure> {
        match self.value(column)? {
            Value::Boolean(truth) => Ok(*truth),
            other => Err(mistyped(column, "boolean", other)),
        }
    }

    /// Milliseconds since the Unix epoch, or nothing where the target says null.
    pub fn optional_instant(&self, column: &str) -> Result<Option<u64>, Failure> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Instant(milliseconds) => Ok(Some(*milliseconds)),
            other => Err(mistyped(column, "instant", other)),
        }
    }
}

fn mistyped(column: &str, wanted: &str, found: &Value) -> Failure {
    let found = match found {
        Value::Null => "null",
        Value::Boolean(_) => "boolean",
        Value::Integer(_) => "integer",
        Value::Text(_) => "text",
        Value::Bytes(_) => "bytes",
        Value::Instant(_) => "instant",
        Value::Texts(_) => "texts",
    };
    unexpected(format!("the column `{column}` holds {found}, not {wanted}; cast it in the statement"))
}

fn unexpected(message: String) -> Failure {
    Failure::internal("unexpected-result", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        let row = vec![Value::Text("shop".to_owned()), Value::Null, Value::Integer(3)];
        Page { columns: ["name", "mark", "tables"].map(str::to_owned).to_vec(), rows: vec![row], truncated: false }
    }

    #[test]
    fn a_column_is_found_by_its_name() {
        let page = page();
        let record = page.record().unwrap();
        assert_eq!(record.text("name").unwrap(), "shop");
        assert_eq!(record.integer("tables").unwrap(), 3);
        assert_eq!(record.optional_text("mark").unwrap(), None);
    }

    #[test]
    fn a_column_of_another_type_is_a_failure_that_names_it() {
        let failure = page().record().unwrap().boolean("tables").unwrap_err();
        assert_eq!(failure.code, "unexpected-result");
        assert!(failure.message.contains("`tables` holds integer, not boolean"), "{}", failure.message);
        assert!(page().record().unwrap().text("colour").unwrap_err().message.contains("no column `colour`"));
    }
}
