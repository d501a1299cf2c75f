//! What parent and child say to each other: an order and the file on the child's input, a reply on its output.

use std::io::{self, Read, Write};

const ORDER: &[u8; 8] = b"hpassC1?";
const REPLY: &[u8; 16] = b"hpassC1!\x9d\xe1\x07\xf4\xb8\x5c\x3a\x66";
/// A reply's mark, tag and length.
const HEAD: usize = REPLY.len() + 1 + 8;
/// How far into the output a reply begins at the latest: the runner of a test binary says a few words of its own.
const LATEST: usize = 4096;
/// All that may come before the code.
pub(super) const MOST_BEFORE_CODE: u64 = (LATEST + HEAD) as u64;
/// The most of a text, in bytes.
const TEXT_BYTES: usize = 4096;

/// The bounds under which the child works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    /// What it may write to, in bytes.
    pub(super) memory_bytes: u64,
    /// Processor time of all its threads, in seconds.
    pub(super) cpu_seconds: u64,
}

impl Order {
    /// As bytes.
    pub(super) fn encode(self) -> Vec<u8> {
        [&ORDER[..], &self.memory_bytes.to_le_bytes(), &self.cpu_seconds.to_le_bytes()].concat()
    }

    /// Reads one, and not a byte more.
    pub(super) fn read(from: &mut dyn Read) -> io::Result<Self> {
        let mut mark = [0; ORDER.len()];
        from.read_exact(&mut mark)?;
        if mark != *ORDER {
            return Err(io::Error::other("this is for the broker to start, not for a person: it compiles what the broker hands it"));
        }
        let (mut memory, mut cpu) = ([0; 8], [0; 8]);
        from.read_exact(&mut memory)?;
        from.read_exact(&mut cpu)?;
        Ok(Self { memory_bytes: u64::from_le_bytes(memory), cpu_seconds: u64::from_le_bytes(cpu) })
    }
}

/// How it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    /// Machine code.
    Compiled(Vec<u8>),
    /// The file is no component that compiles, and why.
    Invalid(String),
    /// The memory did not suffice.
    NoMemory,
}

impl Reply {
    /// Writes it whole.
    pub(super) fn write(&self, to: &mut dyn Write) -> io::Result<()> {
        let (tag, body): (u8, &[u8]) = match self {
            Self::Compiled(code) => (0, code),
            Self::Invalid(text) => (1, text.as_bytes().get(..TEXT_BYTES).unwrap_or(text.as_bytes())),
            Self::NoMemory => (2, &[]),
        };
        to.write_all(REPLY)?;
        to.write_all(&[tag])?;
        to.write_all(&(body.len() as u64).to_le_bytes())?;
        to.write_all(body)?;
        to.flush()
    }

    /// The reply in what the child wrote: whole, of at most `most` bytes, or none.
    pub(super) fn find(said: &[u8], most: usize) -> Option<Self> {
        let at = said.windows(REPLY.len()).take(LATEST).position(|window| window == REPLY)?;
        let (head, rest) = said.get(at..)?.split_at_checked(HEAD)?;
        let (tag, length) = head.get(REPLY.len()..)?.split_first()?;
        let length = usize::try_from(u64::from_le_bytes(length.try_into().ok()?)).ok().filter(|n| *n <= most)?;
        let body = rest.get(..length)?;
        match tag {
            0 => Some(Self::Compiled(body.to_vec())),
            1 => Some(Self::Invalid(String::from_utf8_lossy(body).into_owned())),
            2 => Some(Self::NoMemory),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_read_back_and_nothing_behind_it() {
        let order = Order { memory_bytes: 7, cpu_seconds: u64::MAX };
        let bytes = [order.encode(), b"the file".to_vec()].concat();
        let mut from = bytes.as_slice();
        assert_eq!(Order::read(&mut from).unwrap(), order);
        assert_eq!(from, b"the file");
        assert!(Order::read(&mut &b"no order of ours at all"[..]).is_err());
    }

    #[test]
    fn a_reply_is_found_behind_a_preface_whole_or_not_at_all() {
        let reply = Reply::Compiled(vec![5; 100]);
        let mut said = b"running 1 test\n".to_vec();
        reply.write(&mut said).unwrap();
        let whole = said.len();
        said.extend_from_slice(b"ok\n");
        assert_eq!(Reply::find(&said, 100), Some(reply.clone()));
        assert_eq!(Reply::find(&said[..whole - 1], 100), None, "cut short");
        assert_eq!(Reply::find(&said, 99), None, "more than may be");
        let late = [vec![b' '; LATEST + 1], said].concat();
        assert_eq!(Reply::find(&late, 100), None, "nobody looks further");
    }
}
