//! A secret in a text, however its characters are written: each as it is, or escaped as for JSON, HTML, an address or a form, and in
//! any mixture, as libraries differ in what they escape.

/// Longest way of writing one character: `&#0047;`, and one more.
const LONGEST: usize = 8;

/// What an escape begins with.
const SPECIAL: [u8; 3] = [b'%', b'\\', b'&'];

/// What a text begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Match {
    /// Not the secret.
    Not,
    /// What is there of the text is how the secret may begin.
    Begun,
    /// The secret, in so many bytes.
    Whole(usize),
}

/// One character, in more than itself.
enum Escaped {
    /// None.
    Not,
    /// The text ends before it could be told.
    Cut,
    /// This byte, written in so many.
    Byte(u8, usize),
}

/// With what a text may begin that begins with `secret`.
pub(crate) fn firsts(secret: &[u8]) -> impl Iterator<Item = u8> {
    let first = secret.first().copied();
    let in_a_form = first.filter(|b| *b == b' ').map(|_| b'+');
    first.into_iter().chain(in_a_form).chain(SPECIAL)
}

/// Whether `text` begins with `secret`; with `last`, nothing comes behind the text. Takes time in proportion to the shorter of them.
pub(crate) fn begins(secret: &[u8], text: &[u8], last: bool) -> Match {
    if text.starts_with(secret) {
        return Match::Whole(secret.len());
    }
    let otherwise = if !last && secret.starts_with(text) { Match::Begun } else { Match::Not };
    let mut at = secret.iter().zip(text).take_while(|(wanted, found)| wanted == found && !SPECIAL.contains(wanted)).count();
    for wanted in secret.get(at..).unwrap_or_default() {
        let rest = text.get(at..).unwrap_or_default();
        at += match escaped(rest) {
            Escaped::Byte(byte, length) if byte == *wanted => length,
            Escaped::Cut if !last => return Match::Begun,
            _ if rest.first().is_some_and(|b| b == wanted || (*wanted == b' ' && *b == b'+')) => 1,
            _ => return otherwise,
        };
    }
    Match::Whole(at)
}

fn escaped(text: &[u8]) -> Escaped {
    let hex = |digits: &[u8], length: usize| match std::str::from_utf8(digits).ok().and_then(|d| u8::from_str_radix(d, 16).ok()) {
        Some(byte) => Escaped::Byte(byte, length),
        None => Escaped::Not,
    };
    match text {
        [b'%', a, b, ..] => hex(&[*a, *b], 3),
        [b'\\', b'u', b'0', b'0', a, b, ..] => hex(&[*a, *b], 6),
        [b'\\', b'x', a, b, ..] => hex(&[*a, *b], 4),
        [b'\\', byte, ..] if !matches!(byte, b'u' | b'x') => Escaped::Byte(*byte, 2),
        [b'&', rest @ ..] => entity(rest),
        [] => Escaped::Cut,
        [b'%' | b'\\', ..] if text.len() < LONGEST => Escaped::Cut,
        _ => Escaped::Not,
    }
}

/// A character of HTML, behind its `&`.
fn entity(text: &[u8]) -> Escaped {
    let Some(end) = text.iter().take(LONGEST).position(|b| *b == b';') else {
        return if text.len() < LONGEST { Escaped::Cut } else { Escaped::Not };
    };
    let name = text.get(..end).and_then(|name| std::str::from_utf8(name).ok()).unwrap_or_default();
    let number = |digits: &str| match digits.strip_prefix(['x', 'X']) {
        Some(hex) => u8::from_str_radix(hex, 16).ok(),
        None => digits.parse().ok(),
    };
    let byte = match name {
        "amp" => Some(b'&'),
        "lt" => Some(b'<'),
        "gt" => Some(b'>'),
        "quot" => Some(b'"'),
        "apos" => Some(b'\''),
        other => other.strip_prefix('#').and_then(number),
    };
    byte.map_or(Escaped::Not, |byte| Escaped::Byte(byte, end + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_character_may_be_written_in_its_own_way() {
        let secret = b"a/b\"c&d <%z";
        for text in [
            "a/b\"c&d <%z",
            "a\\/b\\\"c&d <%z",
            "a\\u002fb\\u0022c\\u0026d\\u0020\\u003C%z",
            "a%2Fb%22c%26d%20%3c%25z",
            "a%2fb\"c&amp;d+&lt;%z",
            "a&#x2F;b&quot;c&#38;d &#60;\\x25z",
        ] {
            assert_eq!(begins(secret, text.as_bytes(), true), Match::Whole(text.len()), "{text}");
            for end in 0..text.len() {
                let part = &text.as_bytes()[..end];
                assert_eq!((begins(secret, part, false), begins(secret, part, true)), (Match::Begun, Match::Not), "{}", &text[..end]);
            }
        }
        for text in ["a/b\"c&d <%x", "a%2Gb", "a&slash;b\"c", "b/a", "a&amp;amp;b"] {
            assert_eq!(begins(secret, text.as_bytes(), true), Match::Not, "{text}");
        }
    }

    #[test]
    fn what_reads_in_two_ways_is_found_as_it_is_and_escaped() {
        assert_eq!(begins(b"%25x", b"%25x", true), Match::Whole(4));
        assert_eq!(begins(b"%25x", b"%2525x", true), Match::Whole(6));
        assert_eq!(begins(b"\\\\n", b"\\\\n", true), Match::Whole(3));
        assert_eq!(begins(b"\\\\n", b"\\\\\\\\n", true), Match::Whole(5));
    }
}
