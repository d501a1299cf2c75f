//! Names that people give to principals, groups, targets and accounts, and free text.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use unicode_normalization::is_nfc;

/// A value that is not what its field takes; the text says what it must be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {rule}")]
pub struct NameError {
    what: String,
    rule: String,
}

impl NameError {
    /// `what` is the field, `rule` continues the sentence.
    pub fn new(what: &str, rule: &str) -> Self {
        Self { what: what.to_owned(), rule: rule.to_owned() }
    }
}

/// The name of a principal, group, target or connector: 1 to 64 of `[a-z0-9._@-]`, beginning with a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

impl Name {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'@' | b'-');
        let first = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if first && text.len() <= 64 && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError::new("a name", "must be 1 to 64 characters of a-z 0-9 . _ @ - and begin with a letter or digit"))
        }
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> String {
        name.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Checks the name of an account or of a thing in a target: 1 to 255 bytes of NFC text without control characters.
/// Quotes are allowed: the host quotes.
pub fn check_foreign(what: &str, text: &str) -> Result<(), NameError> {
    if text.is_empty() || text.len() > 255 {
        return Err(NameError::new(what, "must be 1 to 255 bytes long"));
    }
    if text.chars().any(char::is_control) {
        return Err(NameError::new(what, "must not contain control characters such as a line break or NUL"));
    }
    if text.chars().any(reorders) {
        return Err(NameError::new(what, REORDERS));
    }
    if !is_nfc(text) {
        return Err(NameError::new(what, "must be in Unicode normalization form C"));
    }
    Ok(())
}

/// Checks free text written by people and agents: at most `most` bytes, no control character but line break and tab.
pub fn check_free_text(what: &str, text: &str, most: usize) -> Result<(), NameError> {
    if text.len() > most {
        return Err(NameError::new(what, &format!("must be at most {most} bytes long, it is {}", text.len())));
    }
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(NameError::new(what, "must not contain control characters other than line break and tab"));
    }
    if text.chars().any(reorders) {
        return Err(NameError::new(what, REORDERS));
    }
    Ok(())
}

const REORDERS: &str = "must not contain characters that change the order in which the text is shown (U+202A to U+202E, U+2066 to U+2069)";

/// Whether the character makes text be shown in another order than it is written in (UAX #9, explicit formatting): an approver must
/// read what was asked.
fn reorders(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_shown_in_another_order_than_it_is_written_is_refused() {
        for bad in ["read \u{202E}lla eteled", "\u{2066}a\u{2069}"] {
            assert!(check_free_text("justification", bad, 100).is_err() && check_foreign("account", bad).is_err(), "{bad:?}");
        }
        assert!(check_free_text("justification", "لأن العميل يسأل\nבגלל התקלה", 100).is_ok());
    }

    #[test]
    fn names_that_could_be_mistaken_are_refused() {
        for bad in ["", "-a", "A", "a b", "a\"b", "a'b", "a\nb", "a\0b", "ä", &"a".repeat(65)] {
            assert!(bad.parse::<Name>().is_err(), "{bad:?}");
        }
        for good in ["a", "triage-bot", "alice@example.com", "pg.prod_1"] {
            assert_eq!(good.parse::<Name>().unwrap().as_str(), good);
        }
    }

    #[test]
    fn foreign_names_keep_quotes_but_not_control_characters() {
        assert!(check_foreign("account", "o'Brien \"x\"").is_ok());
        for bad in ["", "a\nb", "a\0b", "e\u{301}", &"x".repeat(256)] {
            assert!(check_foreign("account", bad).is_err(), "{bad:?}");
        }
    }
}
