//! Addresses: the base that the target's settings name, and names as parts of a path.

use crate::{Failure, Invocation};

/// The setting of this name, without a slash at its end. Errors: `no-setting`, when the target has none.
pub fn base(inv: &Invocation, setting: &str) -> Result<String, Failure> {
    let found = inv.setting(setting).filter(|url| !url.is_empty());
    let missing = || Failure::invalid_input("no-setting", format!("the target has no setting `{setting}`: add it"));
    found.map(|url| url.trim_end_matches('/').to_owned()).ok_or_else(missing)
}

/// `text`, fit for one part of a path or one value of a query.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
            let digit = |half: u8| DIGITS.get(usize::from(half)).copied().map_or('0', char::from);
            out.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    out
}

/// Scheme, authority, path with query.
pub(super) fn split(url: &str) -> Option<(bool, &str, &str)> {
    let (secure, rest) = match url.split_once("://")? {
        ("https", rest) => (true, rest),
        ("http", rest) => (false, rest),
        _ => return None,
    };
    let at = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(at);
    Some((secure, authority, if path.is_empty() { "/" } else { path }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_one_part_of_a_path() {
        assert_eq!(encode("bob smith/../é"), "bob%20smith%2F..%2F%C3%A9");
    }

    #[test]
    fn an_address_is_taken_apart() {
        assert_eq!(split("https://api.example/v1?a=b"), Some((true, "api.example", "/v1?a=b")));
        assert_eq!(split("http://127.0.0.1:80"), Some((false, "127.0.0.1:80", "/")));
        assert_eq!(split("ftp://host/"), None);
        assert_eq!(split("/v1"), None);
    }
}
