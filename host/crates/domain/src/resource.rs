//! Resources: `kind:name/kind:name`, from the outside in, names percent-encoded.

use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use crate::name::{NameError, check_foreign};

/// What stays as it is in a name; all else is percent-encoded (RFC 3986, unreserved).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A thing in a target. One text for one thing: the text that was parsed is the canonical one, or it is refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Resource {
    segments: Vec<(String, String)>,
}

impl Resource {
    /// The decoded name of the segment of this kind.
    pub fn segment(&self, kind: &str) -> Option<&str> {
        self.segments.iter().find(|(k, _)| k == kind).map(|(_, name)| name.as_str())
    }

    /// The kinds from the outside in, joined by `/`: `database/schema`.
    pub fn kind(&self) -> String {
        self.segments.iter().map(|(k, _)| k.as_str()).collect::<Vec<_>>().join("/")
    }

    /// Kinds and decoded names from the outside in.
    pub fn segments(&self) -> impl Iterator<Item = (&str, &str)> {
        self.segments.iter().map(|(k, n)| (k.as_str(), n.as_str()))
    }

    /// The things that this one lies in, the outermost first, without itself.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> + '_ {
        (1..self.segments.len()).map(|n| Self { segments: self.segments.iter().take(n).cloned().collect() })
    }
}

impl FromStr for Resource {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let wrong = |rule: &str| NameError::new("a resource", rule);
        if text.len() > 1024 {
            return Err(wrong("must be at most 1024 bytes long"));
        }
        let mut segments: Vec<(String, String)> = Vec::new();
        for part in text.split('/') {
            let (kind, encoded) = part.split_once(':').ok_or_else(|| wrong("must be written kind:name/kind:name"))?;
            if kind.is_empty() || kind.len() > 32 || !kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') {
                return Err(wrong("must have kinds of 1 to 32 characters a-z and -"));
            }
            if segments.iter().any(|(k, _)| k == kind) {
                return Err(wrong("must not name a kind twice"));
            }
            let name = percent_decode_str(encoded).decode_utf8().map_err(|_| wrong("must be UTF-8 once decoded"))?.into_owned();
            check_foreign("a name in a resource", &name)?;
            if name == "." || name == ".." {
                return Err(wrong("must not have . or .. as a name"));
            }
            segments.push((kind.to_owned(), name));
        }
        if segments.is_empty() || segments.len() > 8 {
            return Err(wrong("must have 1 to 8 segments"));
        }
        let parsed = Self { segments };
        if parsed.to_string() == text {
            Ok(parsed)
        } else {
            Err(NameError::new("a resource", &format!("must be in canonical form: {parsed}")))
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (kind, name)) in self.segments.iter().enumerate() {
            let slash = if n == 0 { "" } else { "/" };
            write!(f, "{slash}{kind}:{}", utf8_percent_encode(name, RESERVED))?;
        }
        Ok(())
    }
}

impl TryFrom<String> for Resource {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<Resource> for String {
    fn from(resource: Resource) -> String {
        resource.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_for_one_thing() {
        let r: Resource = "database:shop/schema:sales%20%22x%22".parse().unwrap();
        assert_eq!(r.segment("schema"), Some("sales \"x\""));
        assert_eq!(r.kind(), "database/schema");
        assert_eq!(r.ancestors().map(|a| a.to_string()).collect::<Vec<_>>(), ["database:shop"]);
        for bad in [
            "",
            "shop",
            "database:",
            "database:a/database:b",
            "database:%61",
            "Database:a",
            "database:a/",
            "database:..",
            "database:a%00",
            "database:a%0ab",
            "database:sh op",
        ] {
            assert!(bad.parse::<Resource>().is_err(), "{bad:?}");
        }
    }
}
