//! Refusals as a broker words them.

use std::fmt;

use serde_json::Value;

/// A refusal: problem details (RFC 9457), or an OAuth error (RFC 6749, section 5.2).
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// What kind of refusal, in few words.
    pub title: String,
    /// What happened this time.
    pub detail: Option<String>,
    /// What to do about it.
    pub remedy: Option<String>,
    /// The whole document, null where the answer was none.
    pub document: Value,
}

impl Problem {
    /// Reads the body of a refusal; one that is no document leaves the status.
    pub(crate) fn read(status: reqwest::StatusCode, body: &[u8]) -> Self {
        let document: Value = serde_json::from_slice(body).ok().filter(Value::is_object).unwrap_or(Value::Null);
        let text = |names: [&str; 2]| {
            let found = names.into_iter().find_map(|name| document.get(name).and_then(Value::as_str));
            found.filter(|t| !t.trim().is_empty()).map(str::to_owned)
        };
        let plain = || status.canonical_reason().unwrap_or("an unknown status").to_owned();
        Self {
            status: status.as_u16(),
            title: text(["title", "error"]).unwrap_or_else(plain),
            detail: text(["detail", "error_description"]),
            remedy: text(["remedy", "remedy"]),
            document,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A broker repeats what others wrote, and it must not steer the terminal.
        let clean = |text: &str| text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect::<String>();
        if self.document.is_null() {
            // No broker says so little: what stands before it does.
            return write!(f, "the answer was {} {}, without a reason", self.status, clean(&self.title));
        }
        let what = clean(self.detail.as_ref().unwrap_or(&self.title));
        match &self.remedy {
            Some(remedy) if what.ends_with(['.', '!', '?']) => write!(f, "{what} {}", clean(remedy)),
            Some(remedy) => write!(f, "{what}. {}", clean(remedy)),
            None => f.write_str(&what),
        }
    }
}
