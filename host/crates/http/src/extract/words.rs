//! What a parser says of what was sent, in words that need no knowledge of Rust, and without any value: it could be a secret.

/// The longest text of a reason, in characters.
const MOST_CHARS: usize = 300;

/// The reason, and the member that it is about where the parser names it.
pub(super) fn explain(text: &str) -> (String, Option<&str>) {
    let quoted = |prefix: &str| text.strip_prefix(prefix).and_then(|rest| rest.split('`').next());
    if let Some(member) = quoted("missing field `") {
        return ("it is missing".into(), Some(member));
    }
    if let Some(member) = quoted("duplicate field `") {
        return ("it stands there twice".into(), Some(member));
    }
    if let Some(member) = quoted("unknown field `") {
        return (bounded(&format!("it is not known here; known are: {}", choices(text))), Some(member));
    }
    if text.starts_with("unknown variant `") {
        return (bounded(&format!("it must be one of: {}", choices(text))), None);
    }
    for prefix in ["invalid type: ", "invalid value: ", "invalid length "] {
        if text.starts_with(prefix) {
            let expected = text.rsplit_once(", expected ").map_or("something else", |(_, rest)| rest);
            return (bounded(&format!("it must be {}", kind(expected))), None);
        }
    }
    let reason = match text {
        "invalid digit found in string" | "cannot parse integer from empty string" => "it must be a whole number",
        "number too large to fit in target type" | "number too small to fit in target type" => "it is out of range",
        "provided string was not `true` or `false`" => "it must be true or false",
        other => other,
    };
    (bounded(reason), None)
}

/// The names that a parser would have taken.
fn choices(text: &str) -> String {
    let known = text.split_once("`, expected ").or_else(|| text.rsplit_once("`, ")).map_or("", |(_, rest)| rest);
    let known = known.trim_start_matches("one of ").replace("` or `", "`, `").replace('`', "");
    if known.is_empty() || known.starts_with("there are no ") { "none".into() } else { known }
}

/// What is expected, for whoever writes JSON.
fn kind(expected: &str) -> &str {
    match expected {
        "a string" | "string" | "a character" => "text",
        "a boolean" => "true or false",
        "a map" => "an object",
        "a sequence" => "a list",
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number, 0 or more",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "unit" => "null",
        other if other.starts_with("struct ") => "an object",
        other if other.starts_with("enum ") => "one of the words that are known here",
        other => other,
    }
}

pub(super) fn bounded(text: &str) -> String {
    text.chars().take(MOST_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Choice {
        One,
        Other,
        Third,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only what cannot be read is asked")]
    struct Form {
        text: String,
        list: Vec<bool>,
        count: Option<u64>,
        choice: Option<Choice>,
        inner: Option<Box<Form>>,
    }

    fn said(json: &str) -> (String, Option<String>) {
        let text = serde_json::from_str::<Form>(json).unwrap_err().to_string();
        let (reason, member) = explain(text.split(" at line ").next().unwrap());
        (reason, member.map(str::to_owned))
    }

    #[test]
    fn what_is_expected_is_said_without_words_of_a_programming_language() {
        for (json, reason) in [
            (r#"{"text": 1}"#, "it must be text"),
            (r#"{"list": {}}"#, "it must be a list"),
            (r#"{"list": ["hunter2"]}"#, "it must be true or false"),
            (r#"{"count": -1}"#, "it must be a whole number, 0 or more"),
            (r#"{"count": "hunter2"}"#, "it must be a whole number, 0 or more"),
            (r#"{"choice": "hunter2"}"#, "it must be one of: one, other, third"),
            (r#"{"inner": 3}"#, "it must be an object"),
        ] {
            assert_eq!(said(json), (reason.to_owned(), None), "{json}");
        }
        assert_eq!(said("{}"), ("it is missing".into(), Some("text".into())));
        let known = "it is not known here; known are: text, list, count, choice, inner";
        assert_eq!(said(r#"{"txet": "hunter2"}"#), (known.into(), Some("txet".into())));
    }
}
