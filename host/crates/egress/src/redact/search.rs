//! The search for any of many secrets where a text begins, however its characters are written. The secrets are sorted, so that one walk
//! narrows them all down; and each walk is paid for, as a target may know how to make them long.

use std::collections::HashSet;
use std::ops::Range;

use zeroize::Zeroizing;

use crate::spelling::{self, Reading};

/// States from which one search may go on in more than one way.
const MOST_BRANCHES: usize = 4096;
/// What a step costs where a character may be meant in more than one way, when one where it may not costs 1: as much longer it takes.
const BRANCHING: u64 = 5;

/// A secret in one coding.
pub(super) type Needle = Zeroizing<Vec<u8>>;

/// What a text begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    /// None of the secrets.
    Not,
    /// What is there of the text is how one may begin.
    Begun,
    /// One of them, in so many bytes: the most that fit.
    Whole(usize),
    /// It takes more work than may be spent.
    TooHard,
}

/// Secrets in order.
#[derive(Clone, Default)]
pub(super) struct Sorted {
    needles: Vec<Needle>,
    /// Where those are that begin with a byte; of none, all are empty.
    begin: Vec<Range<usize>>,
    /// A bit for each two bytes with which one of them begins.
    pairs: Zeroizing<Vec<u64>>,
}

/// How many two bytes there are.
const PAIRS: usize = 1 << 16;

/// Where the bit of two bytes is, and the bit.
fn pair(first: u8, second: u8) -> (usize, u64) {
    let at = usize::from(u16::from_be_bytes([first, second]));
    (at / 64, 1 << (at % 64))
}

/// Needles that are still possible, how much of them was found, and in how much of the text.
#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    possible: Range<usize>,
    depth: usize,
    at: usize,
}

impl Sorted {
    pub(super) fn contains(&self, needle: &[u8]) -> bool {
        self.needles.binary_search_by(|n| n.as_slice().cmp(needle)).is_ok()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.needles.is_empty()
    }

    /// Adds those that are not there yet.
    pub(super) fn extend(&mut self, more: Vec<Needle>) {
        self.needles.extend(more);
        self.needles.sort_unstable_by(|a, b| a.as_slice().cmp(b.as_slice()));
        self.needles.dedup();
        let all = 0..self.needles.len();
        self.begin = (0..=u8::MAX).map(|byte| self.narrow(&State { possible: all.clone(), depth: 0, at: 0 }, byte)).collect();
        self.pairs = Zeroizing::new(vec![0; PAIRS / 64]);
        for needle in &self.needles {
            if let [first, second, ..] = needle.as_slice()
                && let (word, bit) = pair(*first, *second)
                && let Some(word) = self.pairs.get_mut(word)
            {
                *word |= bit;
            }
        }
    }

    fn is_pair(&self, first: u8, second: u8) -> bool {
        let (word, bit) = pair(first, second);
        self.pairs.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Whether one may begin with `first`, where `rest` follows.
    fn may_go_on(&self, first: u8, rest: &[u8]) -> bool {
        if self.begin.get(usize::from(first)).is_none_or(Range::is_empty) {
            return false;
        }
        let Some(then) = rest.first() else { return true };
        if self.is_pair(first, *then) {
            return true;
        }
        if !spelling::is_special(*then) {
            return false;
        }
        let readings = spelling::escaped(rest);
        readings.cut || readings.iter().any(|reading| reading.bytes().first().is_some_and(|then| self.is_pair(first, *then)))
    }

    /// Whether one may begin where `text` does, by its first two characters: a short look that spares nearly every place of a text a
    /// walk. What may is found out by [`Sorted::begins`].
    fn may_begin(&self, text: &[u8]) -> bool {
        let Some((first, rest)) = text.split_first() else { return false };
        if self.may_go_on(*first, rest) {
            return true;
        }
        if !spelling::is_special(*first) {
            return false;
        }
        let readings = spelling::escaped(text);
        let may = |reading: &Reading| match reading.bytes() {
            [byte] => self.may_go_on(*byte, text.get(reading.length..).unwrap_or_default()),
            [byte, then, ..] => self.is_pair(*byte, *then),
            [] => false,
        };
        readings.cut || readings.iter().any(may)
    }

    /// Those of the possible ones that go on with `byte`. All of them are longer than what was found.
    fn narrow(&self, state: &State, byte: u8) -> Range<usize> {
        let possible = self.needles.get(state.possible.clone()).unwrap_or_default();
        let next = |needle: &Needle| needle.get(state.depth).copied();
        let before = possible.partition_point(|n| next(n) < Some(byte));
        let with = possible.partition_point(|n| next(n) <= Some(byte));
        state.possible.start + before..state.possible.start + with
    }

    /// The state behind `bytes`, which are written in `length` bytes of the text; none where no needle goes on like that.
    fn after(&self, state: &State, bytes: &[u8], length: usize) -> Option<State> {
        let mut state = state.clone();
        for byte in bytes {
            self.leave_ended(&mut state);
            let possible =
                if state.depth == 0 { self.begin.get(usize::from(*byte)).cloned().unwrap_or_default() } else { self.narrow(&state, *byte) };
            if possible.is_empty() {
                return None;
            }
            state = State { possible, depth: state.depth + 1, at: state.at };
        }
        state.at += length;
        Some(state)
    }

    /// Passes by the needle that ends here, if one does: it is the first, as no two are the same.
    fn leave_ended(&self, state: &mut State) -> bool {
        let first = self.needles.get(state.possible.start).filter(|_| !state.possible.is_empty());
        let ended = first.is_some_and(|n| n.len() == state.depth);
        state.possible.start += usize::from(ended);
        ended
    }

    /// With what `text` begins; with `last`, nothing comes behind it. What the walk costs is taken from `left`.
    pub(super) fn begins(&self, text: &[u8], last: bool, left: &mut u64) -> Match {
        if !self.may_begin(text) {
            return Match::Not;
        }
        let (mut found, mut begun) = (None, false);
        let mut branches: HashSet<State> = HashSet::new();
        let mut open = Vec::new();
        let mut way = Some(State { possible: 0..self.needles.len(), depth: 0, at: 0 });
        while let Some(mut state) = way.take().or_else(|| open.pop()) {
            loop {
                if self.leave_ended(&mut state) {
                    found = found.max(Some(state.at));
                }
                if state.possible.is_empty() {
                    break;
                }
                let rest = text.get(state.at..).unwrap_or_default();
                let Some(first) = rest.first() else {
                    begun |= !last;
                    break;
                };
                let Some(rests) = left.checked_sub(if spelling::is_special(*first) { BRANCHING } else { 1 }) else {
                    *left = 0;
                    return Match::TooHard;
                };
                *left = rests;
                let plain = self.after(&state, &[*first], 1);
                if !spelling::is_special(*first) {
                    let Some(next) = plain else { break };
                    state = next;
                    continue;
                }
                let readings = spelling::escaped(rest);
                begun |= readings.cut && !last;
                let mut ways = plain.into_iter().chain(readings.iter().filter_map(|r| self.after(&state, r.bytes(), r.length)));
                let Some(next) = ways.next() else { break };
                for other in ways {
                    // Another way may have led here.
                    if branches.insert(other.clone()) {
                        open.push(other);
                    }
                }
                if branches.len() > MOST_BRANCHES {
                    return Match::TooHard;
                }
                // Where ways part, this one may lead to where another went.
                if !branches.is_empty() && !branches.insert(next.clone()) {
                    break;
                }
                state = next;
            }
        }
        match found {
            // A longer one may still be coming in whole.
            _ if begun => Match::Begun,
            Some(length) => Match::Whole(length),
            None => Match::Not,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLENTY: u64 = 1_000_000;

    fn sorted(secrets: &[&str]) -> Sorted {
        let mut sorted = Sorted::default();
        sorted.extend(secrets.iter().map(|s| Zeroizing::new(s.as_bytes().to_vec())).collect());
        sorted
    }

    fn begins(secret: &str, text: &[u8], last: bool) -> Match {
        sorted(&[secret]).begins(text, last, &mut PLENTY.clone())
    }

    #[test]
    fn each_character_may_be_written_in_its_own_way() {
        let secret = "a/b\"c&d <%z\tü😀";
        for text in [
            "a/b\"c&d <%z\tü😀",
            "a\\/b\\\"c&d <%z\\tü😀",
            "a\\u002fb\\u0022c\\u0026d\\u0020\\u003C%z\\u0009\\u00fc\\ud83d\\ude00",
            "a%2Fb%22c%26d%20%3c%25z%09%C3%BC%F0%9F%98%80",
            "a%2fb\"c&amp;d+&lt;%z\t&#252;&#128512;",
            "a&#x2F;b&quot;c&#0000038;d &#60;\\x25z&#9;&#xfc;&#x1f600;",
        ] {
            assert_eq!(begins(secret, text.as_bytes(), true), Match::Whole(text.len()), "{text}");
            for end in 1..text.len() {
                let part = &text.as_bytes()[..end];
                assert_eq!((begins(secret, part, false), begins(secret, part, true)), (Match::Begun, Match::Not), "{part:?}");
            }
        }
        for text in ["a/b\"c&d <%x", "a%2Gb", "a&slash;b\"c", "b/a", "a&amp;amp;b"] {
            assert_eq!(begins(secret, text.as_bytes(), true), Match::Not, "{text}");
        }
    }

    #[test]
    fn what_reads_in_two_ways_is_found_as_it_is_and_escaped() {
        for (secret, text) in [
            ("%25x", "%25x"),
            ("%25x", "%2525x"),
            ("\\\\n", "\\\\n"),
            ("\\\\n", "\\\\\\\\n"),
            ("x%25y&z", "x%25y&amp;z"),
            ("p\\\\q\"r", "p\\\\q&quot;r"),
            ("p\\\\q\"r", "p\\\\\\\\q\\\"r"),
            ("a+b c", "a+b+c"),
            ("a+b c", "a%2Bb+c"),
        ] {
            assert_eq!(begins(secret, text.as_bytes(), true), Match::Whole(text.len()), "{secret} {text}");
        }
    }

    #[test]
    fn the_longest_of_many_is_found_in_one_walk() {
        let many = sorted(&["hush-1", "hush-12", "hush-123", "hush-13", "lush-1"]);
        let mut left = PLENTY;
        assert_eq!(many.begins(b"hush-12 ", true, &mut left), Match::Whole(7));
        assert_eq!(many.begins(b"hush-12", false, &mut left), Match::Begun);
        assert_eq!(many.begins(b"hush-1", true, &mut left), Match::Whole(6));
        assert_eq!(many.begins(b"push-1", true, &mut left), Match::Not);
        assert!(PLENTY - left < 30, "however many there are: {left}");
    }

    #[test]
    fn ways_that_meet_again_are_gone_once() {
        let secret = format!("{}x", "\\".repeat(40));
        let mut left = 10_000;
        assert_eq!(sorted(&[&secret]).begins("\\".repeat(100).as_bytes(), true, &mut left), Match::Not);
        let mut left = 10_000;
        let text = format!("{}x", "\\".repeat(60));
        assert_eq!(sorted(&[&secret]).begins(text.as_bytes(), true, &mut left), Match::Whole(61));
    }

    #[test]
    fn ways_that_part_too_often_are_not_gone_to_their_end() {
        let (secret, text) = (format!("{}x", "\\".repeat(200)), "\\".repeat(600));
        let mut left = u64::MAX;
        assert_eq!(sorted(&[&secret]).begins(text.as_bytes(), true, &mut left), Match::TooHard);
        let walked = usize::try_from((u64::MAX - left) / BRANCHING).unwrap();
        assert!((MOST_BRANCHES / 2..2 * MOST_BRANCHES).contains(&walked), "{walked}");
    }

    #[test]
    fn work_ends_when_there_is_nothing_left_for_it() {
        let secret = format!("{}x", "a".repeat(1000));
        let mut left = 900;
        assert_eq!(sorted(&[&secret]).begins("a".repeat(1000).as_bytes(), true, &mut left), Match::TooHard);
        assert_eq!(left, 0);
    }
}
