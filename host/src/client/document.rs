//! Looking into JSON documents of the broker, which may have anything in them or nothing.

use serde_json::Value;

static NOTHING: Value = Value::Null;

/// Looks by a dotted path: `leaf.actors.0`. What is not there is null, empty or false.
pub trait Look {
    /// The value there; the document itself at an empty path.
    fn at(&self, path: &str) -> &Value;

    /// The text there.
    fn word(&self, path: &str) -> &str {
        self.at(path).as_str().unwrap_or_default()
    }

    /// Whether `true` is there.
    fn says(&self, path: &str) -> bool {
        self.at(path).as_bool().unwrap_or_default()
    }

    /// The list there.
    fn items(&self, path: &str) -> &[Value] {
        self.at(path).as_array().map(Vec::as_slice).unwrap_or_default()
    }

    /// The number there, where it is whole and not below zero.
    fn number(&self, path: &str) -> Option<u64> {
        self.at(path).as_u64()
    }
}

impl Look for Value {
    fn at(&self, path: &str) -> &Value {
        let mut here = self;
        for key in path.split('.').filter(|key| !key.is_empty()) {
            let next = match here {
                Self::Array(items) => key.parse::<usize>().ok().and_then(|index| items.get(index)),
                other => other.get(key),
            };
            match next {
                Some(value) => here = value,
                None => return &NOTHING,
            }
        }
        here
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_there_is_nothing() {
        let document = json!({"a": [{"b": "x"}, true], "n": 3});
        assert_eq!(document.word("a.0.b"), "x");
        assert!(document.says("a.1"));
        assert_eq!(document.items("a").len(), 2);
        assert_eq!(document.number("n"), Some(3));
        assert_eq!(document.at(""), &document);
        for nowhere in ["a.2", "a.b", "a.0.b.c", "x.y", "n.0"] {
            assert_eq!(document.at(nowhere), &Value::Null, "{nowhere}");
            assert_eq!((document.word(nowhere), document.says(nowhere), document.items(nowhere).len()), ("", false, 0));
        }
    }
}
