//! Exit codes that mean something.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It did what was asked.
    Done = 0,
    /// It did not, and nothing below says why.
    Failed = 1,
    /// The command line is wrong.
    Usage = 2,
    /// Not allowed: by policy, by rights, or because nobody knows who asks.
    Refused = 3,
    /// There is no such thing.
    NotFound = 4,
    /// The broker or the target does not answer. Trying again later may work.
    Unavailable = 5,
    /// It was asked for and goes on without us: time to wait is over.
    Waiting = 6,
}

/// What the help says of them.
pub(super) const HELP: &str = "\
Exit codes:
  0  done
  1  failed
  2  the command line is wrong
  3  not allowed
  4  no such thing
  5  the broker or the target does not answer; try again
  6  asked for and not done yet; it goes on, do not ask again";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
