//! Ways in which a character of a secret may be written: as it is, or escaped as for JSON, HTML, an address or a form.

/// Longest HTML entity that is read, between its `&` and its `;`: leading zeros have no end of their own.
const LONGEST_ENTITY: usize = 16;

/// What a text may stand for where it begins. There can be several ways to read it: the same letters may be meant as they are.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Readings {
    all: [Option<Reading>; 3],
    /// Whether more of the text could make another reading.
    pub(crate) cut: bool,
}

/// One way to read the beginning of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    bytes: [u8; 4],
    count: usize,
    /// Bytes of the text that are written for it.
    pub(crate) length: usize,
}

impl Reading {
    /// What is meant: one byte, or a character in UTF-8.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.count).unwrap_or_default()
    }
}

impl Readings {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Reading> {
        self.all.iter().flatten()
    }

    fn add(&mut self, reading: Reading) {
        if let Some(free) = self.all.iter_mut().find(|r| r.is_none()) {
            *free = Some(reading);
        }
    }

    fn byte(&mut self, byte: u8, length: usize) {
        self.add(Reading { bytes: [byte, 0, 0, 0], count: 1, length });
    }

    fn code(&mut self, code: u32, length: usize) {
        if let Some(character) = char::from_u32(code) {
            let mut bytes = [0; 4];
            let count = character.encode_utf8(&mut bytes).len();
            self.add(Reading { bytes, count, length });
        }
    }
}

/// Whether a byte may begin an escape, or stand for another.
pub(crate) fn is_special(byte: u8) -> bool {
    matches!(byte, b'%' | b'\\' | b'&' | b'+')
}

/// What the escape stands for with which `text` begins, beside itself.
pub(crate) fn escaped(text: &[u8]) -> Readings {
    let mut readings = Readings::default();
    match text {
        [b'+', ..] => readings.byte(b' ', 1),
        [b'%', rest @ ..] => match hex(rest, 2) {
            Number::Whole(code) => readings.byte(low(code), 3),
            Number::Cut => readings.cut = true,
            Number::Not => {}
        },
        [b'\\', rest @ ..] => backslash(rest, &mut readings),
        [b'&', rest @ ..] => entity(rest, &mut readings),
        _ => {}
    }
    readings
}

/// Behind a `\`.
fn backslash(text: &[u8], readings: &mut Readings) {
    match text {
        [] => readings.cut = true,
        [b'u', rest @ ..] => match hex(rest, 4) {
            Number::Whole(high @ 0xd800..0xdc00) => match low_surrogate(rest.get(4..).unwrap_or_default()) {
                Number::Whole(low) => readings.code(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00), 12),
                Number::Cut => readings.cut = true,
                Number::Not => {}
            },
            Number::Whole(code) => readings.code(code, 6),
            Number::Cut => readings.cut = true,
            Number::Not => {}
        },
        [b'x', rest @ ..] => match hex(rest, 2) {
            Number::Whole(code) => {
                readings.byte(low(code), 4);
                // Of some languages it is a character, of others a byte.
                if code >= 0x80 {
                    readings.code(code, 4);
                }
            }
            Number::Cut => readings.cut = true,
            Number::Not => {}
        },
        [letter, ..] => {
            readings.byte(*letter, 2);
            let control = match letter {
                b'n' => b'\n',
                b't' => b'\t',
                b'r' => b'\r',
                b'b' => 0x08,
                b'f' => 0x0c,
                _ => return,
            };
            readings.byte(control, 2);
        }
    }
}

/// The second half of a character that JSON writes in two.
fn low_surrogate(text: &[u8]) -> Number {
    match text {
        [] | [b'\\'] => Number::Cut,
        [b'\\', b'u', rest @ ..] => match hex(rest, 4) {
            Number::Whole(code) if !(0xdc00..0xe000).contains(&code) => Number::Not,
            number => number,
        },
        _ => Number::Not,
    }
}

enum Number {
    Not,
    /// The text ends before it does.
    Cut,
    Whole(u32),
}

/// A number of so many hexadecimal digits.
fn hex(text: &[u8], digits: usize) -> Number {
    let mut number = 0;
    for place in 0..digits {
        let Some(byte) = text.get(place) else { return Number::Cut };
        let Some(digit) = char::from(*byte).to_digit(16) else { return Number::Not };
        number = number * 16 + digit;
    }
    Number::Whole(number)
}

/// The lowest byte: of two digits it is all.
fn low(code: u32) -> u8 {
    code.to_le_bytes()[0]
}

/// A character of HTML, behind its `&`.
fn entity(text: &[u8], readings: &mut Readings) {
    let name = text.iter().take(LONGEST_ENTITY).take_while(|b| b.is_ascii_alphanumeric() || **b == b'#').count();
    match text.get(name) {
        Some(b';') => {}
        Some(_) => return,
        None => {
            readings.cut = name < LONGEST_ENTITY;
            return;
        }
    }
    let length = name + 2;
    let name = text.get(..name).and_then(|name| std::str::from_utf8(name).ok()).unwrap_or_default();
    match name {
        "amp" => readings.byte(b'&', length),
        "lt" => readings.byte(b'<', length),
        "gt" => readings.byte(b'>', length),
        "quot" => readings.byte(b'"', length),
        "apos" => readings.byte(b'\'', length),
        other => {
            let digits = other.strip_prefix('#').unwrap_or("none");
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok(),
                None => digits.parse().ok(),
            };
            if let Some(code) = code {
                readings.code(code, length);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, usize)> {
        escaped(text.as_bytes()).iter().map(|r| (String::from_utf8_lossy(r.bytes()).into_owned(), r.length)).collect()
    }

    #[test]
    fn an_escape_is_read_as_its_character() {
        for (text, wanted) in [
            ("+", " "),
            ("%2f", "/"),
            ("%2F", "/"),
            ("\\/", "/"),
            ("\\u002f", "/"),
            ("\\u00fc", "ü"),
            ("\\u20AC", "€"),
            ("\\ud83d\\ude00", "😀"),
            ("\\x2f", "/"),
            ("&amp;", "&"),
            ("&#38;", "&"),
            ("&#0000038;", "&"),
            ("&#x00000026;", "&"),
            ("&#252;", "ü"),
            ("&#xfc;", "ü"),
            ("&#x1F600;", "😀"),
        ] {
            assert_eq!(read(&format!("{text}z")), [(wanted.to_owned(), text.len())], "{text}");
            for end in 1..text.len() {
                assert!(escaped(&text.as_bytes()[..end]).cut, "{}", &text[..end]);
            }
        }
    }

    #[test]
    fn a_control_character_has_a_letter_that_may_also_be_meant() {
        for (text, control) in [("\\n", "\n"), ("\\t", "\t"), ("\\r", "\r"), ("\\b", "\u{8}"), ("\\f", "\u{c}")] {
            assert_eq!(read(text), [(text[1..].to_owned(), 2), (control.to_owned(), 2)], "{text}");
        }
        assert_eq!(escaped(b"\\xfc").iter().map(Reading::bytes).collect::<Vec<_>>(), [&b"\xfc"[..], "ü".as_bytes()]);
    }

    #[test]
    fn what_is_no_escape_is_not_read_as_one_and_not_waited_for() {
        for text in [
            "z",
            "%2G",
            "%z",
            "\\u00g",
            "\\ud83dx",
            "\\ud83d\\u0041",
            "\\ude00",
            "&slash;",
            "& b",
            "&#00000000000000038;",
            "&#x110000;",
            "&;",
        ] {
            assert_eq!(escaped(text.as_bytes()), Readings::default(), "{text}");
        }
    }
}
