//! Text of a connector or of a target: hostile. It is bounded and made to one printable line before it goes anywhere.

use std::fmt::Write as _;

/// One line of at most `most` bytes: control characters and marks that turn the direction of text become spaces.
pub(crate) fn line(text: &str, most: usize) -> String {
    let mut out = String::new();
    for c in text.chars() {
        let c = if c.is_control() || is_invisible(c) { ' ' } else { c };
        if out.len() + c.len_utf8() > most {
            break;
        }
        out.push(c);
    }
    out
}

/// Whether all of it is shown as it is written, in one line: no control character, none that turns the direction of text, none unseen.
pub(crate) fn is_one_line(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() || is_invisible(c))
}

/// The same for a text of several lines, which may have tabs.
pub(crate) fn is_plain(text: &str) -> bool {
    text.split(['\n', '\t']).all(is_one_line)
}

/// `text` as one word that no other text is shown as: itself where it is plain, else a JSON string.
pub(crate) fn word(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._~-:/@%+*=".contains(&b);
    if !text.is_empty() && text.bytes().all(plain) { text.to_owned() } else { quoted(text) }
}

/// `text` as a JSON string in one printable line.
pub(crate) fn quoted(text: &str) -> String {
    json(&serde_json::Value::from(text))
}

/// Compact JSON in one printable line: what would move the line or hide in it is escaped.
pub(crate) fn json(value: &serde_json::Value) -> String {
    let mut out = String::new();
    for c in value.to_string().chars() {
        // Outside of its strings JSON has none of these, and within them an escape says the same.
        if c.is_control() || is_invisible(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// Whether a word is a stable code: 1 to 64 of `[a-z0-9-]`.
pub(crate) fn is_code(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Whether a character turns the direction of text, is not seen, or ends a line: `Bidi_Control`, `Default_Ignorable_Code_Point` and
/// `White_Space` of Unicode 16, of the last the two separators that `is_control` leaves out.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_unicode_calls_invisible_or_turning_is_never_shown() {
        // The tables of another crate, over all characters.
        let unseen = regex::Regex::new(r"^[\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]$").unwrap();
        for c in '\0'..=char::MAX {
            assert_eq!(is_invisible(c), unseen.is_match(c.encode_utf8(&mut [0; 4])), "U+{:04X}", u32::from(c));
        }
        // Bidi_Control, each by itself.
        for c in ['\u{61c}', '\u{200e}', '\u{200f}'].into_iter().chain('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}') {
            let text = format!("a{c}b");
            assert!(line(&text, 100) == "a b" && !is_one_line(&text) && !is_plain(&text), "U+{:04X}", u32::from(c));
            assert_eq!(json(&text.as_str().into()), format!("\"a\\u{:04x}b\"", u32::from(c)));
        }
        assert_eq!(quoted("a\u{e0041}"), r#""a\udb40\udc41""#, "a tag, beyond U+FFFF");
    }

    #[test]
    fn a_line_cannot_move_a_terminal_or_turn_text_around() {
        assert_eq!(line("a\u{1b}[2Jb\nc\u{202e}d", 100), "a [2Jb c d");
        assert!(is_one_line("a b") && !is_one_line("a\nb") && is_plain("a\n\tb") && !is_plain("a\rb") && !is_plain("a\u{202e}b"));
        assert_eq!([word("a.b"), word("a b"), word(""), word("\"a")], ["a.b", "\"a b\"", "\"\"", "\"\\\"a\""]);
        assert_eq!(quoted("a\n\u{202e}\u{7f}"), r#""a\n\u202e\u007f""#);
        assert_eq!(line("ääää", 5), "ää", "a character is never cut");
    }
}
