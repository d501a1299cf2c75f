//! Known secrets in what a target answers: found in the codings and spellings in which they are likely to come back, across pieces,
//! and replaced. An answer that disguises one in another way passes; the guard against that is that a credential goes to its own target alone.

use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::spelling::{self, Match};

/// Shorter ones would be found everywhere.
const LEAST_BYTES: usize = 6;
/// What stands in a secret's place.
const MARK: &[u8] = b"(secret)";

type Needle = Zeroizing<Vec<u8>>;

/// All secrets that a call knows, in every coding that is looked for.
#[derive(Default)]
pub(crate) struct Needles(RwLock<Arc<Known>>);

/// What is known at a time; shared by all that look for it.
#[derive(Clone)]
struct Known {
    needles: Vec<Needle>,
    /// Bytes with which one may begin.
    begins: [bool; 256],
}

impl Default for Known {
    fn default() -> Self {
        Self { needles: Vec::new(), begins: [false; 256] }
    }
}

impl Needles {
    /// Adds a secret.
    pub(crate) fn add(&self, secret: &str) {
        if secret.len() < LEAST_BYTES {
            return;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let known = Arc::make_mut(&mut known);
        for form in forms(secret) {
            if form.len() < LEAST_BYTES || known.needles.contains(&form) {
                continue;
            }
            for first in spelling::firsts(&form) {
                if let Some(place) = known.begins.get_mut(usize::from(first)) {
                    *place = true;
                }
            }
            known.needles.push(form);
        }
    }

    /// A redactor that knows what is known now.
    pub(crate) fn redactor(&self) -> Redactor {
        Redactor { known: Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)), carry: Vec::new() }
    }

    /// The text without any of them.
    pub(crate) fn redact_text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.redactor().whole(text.as_bytes())).into_owned()
    }

    /// Whether one of them is in a text that lost its upper case, as the name of a header does.
    pub(crate) fn are_in_lower_case(&self, text: &str) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let lower: Vec<Needle> = known.needles.iter().map(|n| Zeroizing::new(n.to_ascii_lowercase())).collect();
        let found = |at: usize| {
            let rest = text.as_bytes().get(at..).unwrap_or_default();
            lower.iter().any(|n| matches!(spelling::begins(n, rest, true), Match::Whole(_)))
        };
        (0..text.len()).any(found)
    }
}

/// A secret in every coding of its bytes. How each byte is then written is the matter of `spelling`.
fn forms(secret: &str) -> Vec<Needle> {
    let bytes = secret.as_bytes();
    let lower = hex::encode(bytes);
    let mut forms = vec![
        bytes.to_vec(),
        STANDARD.encode(bytes).into_bytes(),
        lower.to_ascii_uppercase().into_bytes(),
        lower.into_bytes(),
        secret.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        secret.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    ];
    // In the base64 of something longer it begins at one of three places, and shares its first and last letters with its neighbours.
    for (before, shared) in [(&[][..], 0), (&[0], 2), (&[0, 0], 3)] {
        let padded = Zeroizing::new([before, bytes].concat());
        let whole = padded.len() % 3 == 0;
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let text = Zeroizing::new(engine.encode(padded.as_slice()));
            let end = if whole { text.len() } else { text.len().saturating_sub(1) };
            forms.extend(text.get(shared..end).map(|inner| inner.as_bytes().to_vec()));
        }
    }
    forms.into_iter().map(Zeroizing::new).collect()
}

/// Replaces secrets in bytes that come in pieces.
pub(crate) struct Redactor {
    known: Arc<Known>,
    carry: Vec<u8>,
}

impl Redactor {
    /// Takes a piece and gives what is clean for sure: what may be the beginning of a secret is held back.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        self.carry.extend_from_slice(piece);
        self.run(false)
    }

    /// What was held back.
    pub(crate) fn finish(&mut self) -> Vec<u8> {
        self.run(true)
    }

    /// All at once.
    pub(crate) fn whole(mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = self.push(bytes);
        out.extend(self.finish());
        out
    }

    fn run(&mut self, last: bool) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.carry.len());
        let mut rest = self.carry.as_slice();
        while let Some((first, after)) = rest.split_first() {
            let begins = self.known.begins.get(usize::from(*first)).copied().unwrap_or_default();
            let (mut found, mut begun) = (None, false);
            if begins {
                for needle in &self.known.needles {
                    match spelling::begins(needle, rest, last) {
                        Match::Whole(length) => found = found.max(Some(length)),
                        Match::Begun => begun = true,
                        Match::Not => {}
                    }
                }
            }
            // A longer one may still be coming in whole.
            if begun {
                break;
            }
            if let Some(behind) = found.and_then(|length| rest.get(length..)) {
                out.extend_from_slice(MARK);
                rest = behind;
            } else {
                out.push(*first);
                rest = after;
            }
        }
        self.carry = rest.to_vec();
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needles() -> Needles {
        let needles = Needles::default();
        needles.add("hush-hush-42");
        needles.add("hush-hush-42-and-more");
        needles.add("a \"b\"/c");
        needles
    }

    #[test]
    fn a_secret_is_found_in_every_form_it_comes_back_in() {
        let needles = needles();
        for form in [
            "hush-hush-42".to_owned(),
            STANDARD.encode("hush-hush-42"),
            hex::encode("hush-hush-42"),
            hex::encode("hush-hush-42").to_uppercase(),
            "a \"b\"/c".to_owned(),
            r#"a \"b\"/c"#.to_owned(),
            "a%20%22b%22%2Fc".to_owned(),
            "a+%22b%22%2Fc".to_owned(),
        ] {
            assert_eq!(needles.redact_text(&format!("x{form}y")), "x(secret)y", "{form}");
        }
        assert_eq!(needles.redact_text("hush-hush-42-and-more"), "(secret)", "the longest one wins");
        assert_eq!(needles.redact_text("hush-hush-4"), "hush-hush-4");
    }

    #[test]
    fn a_secret_is_found_inside_of_a_longer_base64() {
        let needles = needles();
        for before in ["", "u", "u:", "Bearer ", "Authorization: "] {
            for after in ["", "\n", "\r\n", ", more"] {
                let coded = STANDARD.encode(format!("{before}hush-hush-42{after}"));
                let clean = needles.redact_text(&coded);
                assert!(clean.contains("(secret)") && clean.len() <= coded.len() - 6, "{before:?} {after:?}: {clean}");
            }
        }
    }

    #[test]
    fn a_name_of_a_header_can_hold_a_secret() {
        let needles = Needles::default();
        needles.add("Hush-Hush/42");
        for name in ["x-hush-hush%2f42", "hush-hush%2F42-x"] {
            assert!(needles.are_in_lower_case(name), "{name}");
        }
        assert!(!needles.are_in_lower_case("x-hush-hush-43"));
    }

    #[test]
    fn a_secret_in_pieces_is_found_and_nothing_else_is_lost() {
        let text = "before hush-hush-hush-hush-42 hush-hush-42-and-mor after";
        let wanted = "before hush-hush-(secret) (secret)-and-mor after";
        for size in 1..text.len() {
            let mut redactor = needles().redactor();
            let mut out: Vec<u8> = text.as_bytes().chunks(size).flat_map(|piece| redactor.push(piece)).collect();
            out.extend(redactor.finish());
            assert_eq!(String::from_utf8(out).unwrap(), wanted, "pieces of {size}");
        }
    }

    #[test]
    fn an_escaped_secret_in_pieces_is_found_too() {
        let text = r#"1 a%20\"b&quot;\/c & a\u0020"b"/"#;
        for size in 1..text.len() {
            let mut redactor = needles().redactor();
            let mut out: Vec<u8> = text.as_bytes().chunks(size).flat_map(|piece| redactor.push(piece)).collect();
            out.extend(redactor.finish());
            assert_eq!(String::from_utf8(out).unwrap(), r#"1 (secret) & a\u0020"b"/"#, "pieces of {size}");
        }
    }

    #[test]
    fn what_is_too_short_is_not_looked_for() {
        let needles = Needles::default();
        needles.add("abc");
        needles.add("");
        assert_eq!(needles.redact_text("abc"), "abc");
    }
}
