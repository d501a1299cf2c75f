//! Known secrets in what a target answers: found in the forms in which they are likely to come back, across pieces, and replaced.
//! An answer that disguises one in another way passes; the guard against that is that a credential goes to its own target alone.

use std::sync::{PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::path;

/// Shorter ones would be found everywhere.
const LEAST_BYTES: usize = 6;
/// What stands in a secret's place.
const MARK: &[u8] = b"(secret)";

type Needle = Zeroizing<Vec<u8>>;

/// All secrets that a call knows, in every form that is looked for; the longest first.
#[derive(Default)]
pub(crate) struct Needles(RwLock<Vec<Needle>>);

impl Needles {
    /// Adds a secret.
    pub(crate) fn add(&self, secret: &str) {
        if secret.len() < LEAST_BYTES {
            return;
        }
        let quoted = serde_json::to_string(secret).unwrap_or_default();
        let forms = [
            secret.to_owned(),
            quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned(),
            path::encode(secret),
            path::encode(secret).replace("%20", "+"),
            STANDARD_NO_PAD.encode(secret),
            STANDARD.encode(secret),
            URL_SAFE_NO_PAD.encode(secret),
            hex::encode(secret),
        ];
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for form in forms {
            if form.len() >= LEAST_BYTES && !all.iter().any(|n| n.as_slice() == form.as_bytes()) {
                all.push(Zeroizing::new(form.into_bytes()));
            }
        }
        all.sort_by_key(|n| std::cmp::Reverse(n.len()));
    }

    /// A redactor that knows what is known now.
    pub(crate) fn redactor(&self) -> Redactor {
        let needles = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut begins = [false; 256];
        for needle in &needles {
            if let Some(place) = needle.first().and_then(|b| begins.get_mut(usize::from(*b))) {
                *place = true;
            }
        }
        Redactor { needles, begins, carry: Vec::new() }
    }

    /// The text without any of them.
    pub(crate) fn redact_text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.redactor().whole(text.as_bytes())).into_owned()
    }
}

/// Replaces secrets in bytes that come in pieces.
pub(crate) struct Redactor {
    needles: Vec<Needle>,
    begins: [bool; 256],
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
            let begins = self.begins.get(usize::from(*first)).copied().unwrap_or_default();
            let found = if begins { self.needles.iter().find(|n| rest.starts_with(n)) } else { None };
            // A longer one may still be coming in whole.
            if begins && !last && self.needles.iter().any(|n| n.len() > rest.len() && n.starts_with(rest)) {
                break;
            }
            if let Some(behind) = found.and_then(|n| rest.get(n.len()..)) {
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
    fn what_is_too_short_is_not_looked_for() {
        let needles = Needles::default();
        needles.add("abc");
        needles.add("");
        assert_eq!(needles.redact_text("abc"), "abc");
    }
}
