//! Paths: taken apart, decoded once, matched segment by segment, and written anew in one form.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What stands for itself in a path or query (RFC 3986, section 2.3); everything else is encoded.
const UNRESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Longest path with its query, in bytes.
pub(crate) const MOST_BYTES: usize = 8 * 1024;

/// `text`, fit for one segment or one query value.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, &UNRESERVED).to_string()
}

/// The decoded segments of a path; none for an empty one. The error is a sentence without its subject.
pub(crate) fn segments(path: &str) -> Result<Vec<String>, &'static str> {
    let Some(rest) = path.strip_prefix('/') else {
        return if path.is_empty() { Ok(Vec::new()) } else { Err("does not begin with a slash") };
    };
    rest.split('/').map(segment).collect()
}

fn segment(raw: &str) -> Result<String, &'static str> {
    let malformed = raw.split('%').skip(1).any(|after| !after.as_bytes().get(..2).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit)));
    if malformed {
        return Err("has a `%` without two digits");
    }
    let text = percent_decode_str(raw).decode_utf8().map_err(|_| "is not UTF-8")?;
    if text == "." || text == ".." {
        return Err("has `.` or `..` in it");
    }
    // Servers differ in what an encoded slash, a backslash or a NUL means.
    if text.contains(['/', '\\']) || text.chars().any(char::is_control) {
        return Err("has an encoded slash, a backslash or a control character");
    }
    Ok(text.into_owned())
}

/// One segment that is allowed: text, or text around one part of the caller's choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// What it begins with, decoded.
    pub prefix: String,
    /// Whether something of the caller's choice follows, at least one character.
    pub open: bool,
    /// What it ends with, decoded.
    pub suffix: String,
}

impl Segment {
    /// A segment that is exactly this.
    pub fn exact(text: impl Into<String>) -> Self {
        Self { prefix: text.into(), open: false, suffix: String::new() }
    }

    /// A segment of the caller's choice.
    pub fn any() -> Self {
        Self { prefix: String::new(), open: true, suffix: String::new() }
    }

    fn matches(&self, text: &str) -> bool {
        if !self.open {
            return text == self.prefix;
        }
        text.strip_prefix(self.prefix.as_str()).and_then(|t| t.strip_suffix(self.suffix.as_str())).is_some_and(|middle| !middle.is_empty())
    }
}

/// Whether these decoded segments are what is allowed.
pub(crate) fn matches(allowed: &[Segment], segments: &[String]) -> bool {
    allowed.len() == segments.len() && allowed.iter().zip(segments).all(|(a, s)| a.matches(s))
}

/// A path of decoded segments, in the one form in which it is sent. `:` stands for itself: it names methods in some APIs.
pub(crate) fn write(segments: &[String]) -> String {
    const PATH: AsciiSet = UNRESERVED.remove(b':');
    let mut out = String::new();
    for segment in segments {
        out.push('/');
        out.extend(utf8_percent_encode(segment, &PATH));
    }
    if out.is_empty() { "/".to_owned() } else { out }
}

/// The decoded pairs of a query.
pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// A query of decoded pairs, in the one form in which it is sent.
pub(crate) fn write_query(pairs: &[(String, String)]) -> String {
    pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_could_mean_two_things_is_refused() {
        for bad in ["v1", "/a/../b", "/a/%2e%2e/b", "/a/.", "/a%2fb", "/a%5cb", "/a\\b", "/a%00", "/a%0d%0ab", "/a%2", "/a%zz", "/%ff"] {
            assert!(segments(bad).is_err(), "{bad}");
        }
        // Decoded once: what is left is text, and is encoded again.
        assert_eq!(segments("/a%252e").unwrap(), ["a%2e"]);
        assert_eq!(write(&segments("/a%252e/b%20c/d:e/%C3%BC").unwrap()), "/a%252e/b%20c/d:e/%C3%BC");
    }

    #[test]
    fn a_segment_is_matched_whole() {
        let allowed = [Segment::exact("orgs"), Segment { prefix: "a-".into(), open: true, suffix: ".json".into() }];
        let fits = |path: &str| matches(&allowed, &segments(path).unwrap());
        assert!(fits("/orgs/a-1.json") && fits("/o%72gs/a-x.json"));
        for bad in ["/orgs", "/orgs/a-.json", "/orgs/a-1.json/", "/orgs/a-1.json/x", "//orgs/a-1.json", "/Orgs/a-1.json", "/orgs/b-1.json"]
        {
            assert!(!fits(bad), "{bad}");
        }
    }
}
