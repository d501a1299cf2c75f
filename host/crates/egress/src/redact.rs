//! Known secrets in what a target answers: found in the codings and spellings in which they are likely to come back, across pieces,
//! and replaced. An answer that disguises one in another way passes; the guard against that is that a credential goes to its own target alone.

mod search;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use self::search::{Match, Needle, Sorted};
use crate::refusal::Refusal;

/// Shorter ones would be found everywhere.
const LEAST_BYTES: usize = 6;
/// Steps of all searches of a call where a text goes on for two characters as a secret does. Usual answers of all bytes that a call may
/// receive need fewer, whatever the secrets are; a target that answers with what is nearly a secret, over and over, must not keep the
/// host busy. What they cost is in BENCHMARKS.md.
const MOST_STEPS: u64 = 3 * 1024 * 1024;
/// What stands in a secret's place.
const MARK: &[u8] = b"(secret)";

/// All secrets that a call knows, in every coding that is looked for.
pub(crate) struct Needles {
    known: RwLock<Arc<Known>>,
    left: Arc<AtomicU64>,
}

/// What is known at a time; shared by all that look for it.
#[derive(Clone, Default)]
struct Known {
    needles: Sorted,
    /// The same without upper case.
    lower: Sorted,
}

impl Default for Needles {
    fn default() -> Self {
        Self { known: RwLock::default(), left: Arc::new(AtomicU64::new(MOST_STEPS)) }
    }
}

impl Needles {
    /// Adds a secret.
    pub(crate) fn add(&self, secret: &str) {
        if secret.len() < LEAST_BYTES || self.knows(secret) {
            return;
        }
        let forms: Vec<Needle> = forms(secret).into_iter().filter(|form| form.len() >= LEAST_BYTES).collect();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let known = Arc::make_mut(&mut known);
        known.lower.extend(forms.iter().map(|form| Zeroizing::new(form.to_ascii_lowercase())).collect());
        known.needles.extend(forms);
    }

    /// Whether it is looked for already.
    pub(crate) fn knows(&self, secret: &str) -> bool {
        self.known.read().unwrap_or_else(PoisonError::into_inner).needles.contains(secret.as_bytes())
    }

    /// A redactor that knows what is known now.
    pub(crate) fn redactor(&self) -> Redactor {
        let known = Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner));
        Redactor { known, left: Arc::clone(&self.left), carry: Vec::new() }
    }

    /// The text without any of them.
    pub(crate) fn redact_text(&self, text: &str) -> String {
        match self.redactor().whole(text.as_bytes()) {
            Ok(clean) => String::from_utf8_lossy(&clean).into_owned(),
            Err(_) => "(withheld: it may hold a secret)".to_owned(),
        }
    }

    /// Whether one of them is in a text that lost its upper case, as the name of a header does, or may be in it.
    pub(crate) fn are_in_lower_case(&self, text: &str) -> bool {
        let known = Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner));
        let mut purse = Purse::open(&self.left);
        let found = |at: usize| {
            let rest = text.as_bytes().get(at..).unwrap_or_default();
            matches!(known.lower.begins(rest, true, &mut purse.left), Match::Whole(_) | Match::TooHard)
        };
        (0..text.len()).any(found)
    }
}

/// What one search may still spend of what its call may.
struct Purse<'a> {
    left: u64,
    at_first: u64,
    of: &'a AtomicU64,
}

impl<'a> Purse<'a> {
    fn open(of: &'a AtomicU64) -> Self {
        let left = of.load(Ordering::Relaxed);
        Self { left, at_first: left, of }
    }
}

impl Drop for Purse<'_> {
    /// Several may be open at once: each takes what it spent, and nothing goes below nothing.
    fn drop(&mut self) {
        let spent = self.at_first.saturating_sub(self.left);
        let _ = self.of.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some(left.saturating_sub(spent)));
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
    left: Arc<AtomicU64>,
    carry: Vec<u8>,
}

impl Redactor {
    /// Takes a piece and gives what is clean for sure: what may be the beginning of a secret is held back. Refuses what takes too much
    /// work.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<Vec<u8>, Refusal> {
        self.carry.extend_from_slice(piece);
        self.run(false)
    }

    /// What was held back.
    pub(crate) fn finish(&mut self) -> Result<Vec<u8>, Refusal> {
        self.run(true)
    }

    /// All at once.
    pub(crate) fn whole(mut self, bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
        let mut out = self.push(bytes)?;
        out.extend(self.finish()?);
        Ok(out)
    }

    fn run(&mut self, last: bool) -> Result<Vec<u8>, Refusal> {
        if self.known.needles.is_empty() {
            return Ok(std::mem::take(&mut self.carry));
        }
        let mut purse = Purse::open(&self.left);
        let mut out = Vec::with_capacity(self.carry.len());
        let mut rest = self.carry.as_slice();
        while let Some((first, after)) = rest.split_first() {
            match self.known.needles.begins(rest, last, &mut purse.left) {
                Match::Not => {
                    out.push(*first);
                    rest = after;
                }
                Match::Whole(length) => {
                    out.extend_from_slice(MARK);
                    rest = rest.get(length..).unwrap_or_default();
                }
                Match::Begun => break,
                Match::TooHard => {
                    let why = "it is so like a secret in so many places that looking for one in it takes too long";
                    return Err(Refusal::Withheld(why.to_owned()));
                }
            }
        }
        self.carry = rest.to_vec();
        Ok(out)
    }
}

#[cfg(test)]
mod tests;
