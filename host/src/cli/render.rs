//! Text for people out of the broker's documents.

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use serde_json::Value;

use crate::client::Look as _;
use crate::config::Length;

/// A column: its head, and how to get its text from a document.
pub(super) type Column<'a> = (&'a str, &'a dyn Fn(&Value) -> String);

/// A table of documents, one a row; `none` is said when there is none.
pub(super) fn list(documents: &Value, none: &str, columns: &[Column<'_>]) -> String {
    let rows = documents.items("");
    if rows.is_empty() {
        return none.to_owned();
    }
    let mut table = plain();
    table.set_header(columns.iter().map(|(head, _)| head.to_uppercase()));
    for row in rows {
        table.add_row(columns.iter().map(|(_, cell)| cell(row)));
    }
    trimmed(&table)
}

/// Names and values, one pair a line; pairs without a value are left out.
pub(super) fn pairs(pairs: &[(&str, String)]) -> String {
    let mut table = plain();
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        table.add_row([*name, value.as_str()]);
    }
    trimmed(&table)
}

fn plain() -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table
}

fn trimmed(table: &Table) -> String {
    let lines: Vec<String> = table.lines().map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned()).collect();
    lines.join("\n")
}

/// The text at a dotted path; empty where there is none. Control characters never reach the terminal: the broker passes on
/// what others wrote.
pub(super) fn text(document: &Value, path: &str) -> String {
    let text = match document.at(path) {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    };
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// What keeps something from going on, one reason a line.
pub(super) fn held_back(document: &Value) -> String {
    document.items("held_back").iter().map(|reason| text(reason, "detail")).collect::<Vec<_>>().join("\n")
}

/// Milliseconds at a path, as a person writes them.
pub(super) fn length(document: &Value, path: &str) -> String {
    document.number(path).map(|ms| Length(ms).to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_others_wrote_cannot_steer_the_terminal() {
        assert_eq!(text(&json!({"a": {"b": "x\u{1b}[2Jy"}}), "a.b"), "x\u{fffd}[2Jy");
    }

    #[test]
    fn a_list_has_a_head_and_a_row_for_each_document() {
        let text =
            list(&json!([{"n": "a", "l": 60_000}, {"n": "b"}]), "none", &[("name", &|d| text(d, "n")), ("for", &|d| length(d, "l"))]);
        let lines: Vec<Vec<&str>> = text.lines().map(|l| l.split_whitespace().collect()).collect();
        assert_eq!(lines, [vec!["NAME", "FOR"], vec!["a", "1m"], vec!["b"]]);
        assert_eq!(list(&json!([]), "none", &[]), "none");
    }
}
