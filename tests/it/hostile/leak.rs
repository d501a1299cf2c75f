//! Whether a text gives a secret away: it is read in every way in which it could have been written, whatever the host looks for.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// So many bytes of a secret in a row are a leak.
const FRAGMENT: usize = 8;

/// Fails where `text` holds a piece of `secret`, written in any of many ways.
#[track_caller]
pub(super) fn none(what: &str, text: &str, secret: &str) {
    let secret = secret.to_ascii_lowercase().into_bytes();
    for (way, read) in readings(text) {
        let read = read.to_ascii_lowercase();
        let found = secret.windows(FRAGMENT).find(|piece| read.windows(FRAGMENT).any(|here| here == *piece));
        assert!(found.is_none(), "{what} gives the secret away in {way}: {text}");
    }
}

/// The text, read in each way.
fn readings(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let mut all = vec![
        ("plain text", text.as_bytes().to_vec()),
        ("text with NULs", text.bytes().filter(|b| *b != 0).collect()),
        ("percent encoding", escapes(text, "%", 2)),
        ("JSON escapes", escapes(&text.replace("\\/", "/").replace("\\\"", "\""), "\\u", 4)),
        ("HTML", escapes(&html(text), "&#x", 2)),
    ];
    for word in text.split(|c: char| !c.is_ascii_hexdigit()).filter(|word| word.len() >= 2 * FRAGMENT) {
        for from in 0..2 {
            all.push(("hexadecimal", word.as_bytes()[from..].chunks_exact(2).filter_map(pair).collect()));
        }
    }
    let lenient =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true);
    for alphabet in [STANDARD, URL_SAFE] {
        let engine = GeneralPurpose::new(&alphabet, lenient);
        for word in text.split(|c: char| !alphabet.as_str().contains(c)).filter(|word| word.len() > FRAGMENT) {
            for from in 0..4 {
                let whole = &word[from..];
                let even = if whole.len() % 4 == 1 { &whole[..whole.len() - 1] } else { whole };
                all.extend(engine.decode(even).ok().map(|read| ("base64", read)));
            }
        }
    }
    all
}

/// What is written as `mark` and so many hexadecimal digits.
fn escapes(text: &str, mark: &str, digits: usize) -> Vec<u8> {
    let mut parts = text.split(mark);
    let mut out = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let part = part.as_bytes();
        match part.get(digits - 2..digits).and_then(pair) {
            Some(byte) => {
                out.push(byte);
                out.extend(part[digits..].strip_prefix(b";").unwrap_or(&part[digits..]));
            }
            None => out.extend(mark.bytes().chain(part.iter().copied())),
        }
    }
    out
}

fn pair(two: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok()
}

fn html(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&")
}

#[test]
fn a_secret_is_found_however_it_is_written() {
    let secret = "h0st/tok+en=<x>";
    for leaked in [
        "h0st/tok+en=<x>",
        "H0ST/TOK",
        "h0st%2ftok%2Ben",
        "h0st\\/tok\\u002Ben",
        "h0st/tok+en=&lt;x",
        "683073742f746f6b2b656e",
        "xaDBzdC90b2srZW4",
    ] {
        let caught = std::panic::catch_unwind(|| none("it", leaked, secret));
        assert!(caught.is_err(), "{leaked}");
    }
    none("it", "h0st/to(secret) and nothing else of it: k+en", secret);
}
