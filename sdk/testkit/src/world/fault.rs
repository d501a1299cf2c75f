//! What a world can do to a call, and where.

use std::fmt;

/// A step of a call that reached the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Point {
    /// A session in this database.
    Open(String),
    /// A statement that reads.
    Read(String),
    /// A statement that changes something.
    Change(String),
    /// The end of a transaction.
    Commit,
    /// A request that reads.
    Ask(String),
    /// A request that changes something.
    Send(String),
}

impl Point {
    /// Which sort of step it is.
    pub(crate) fn sort(&self) -> &'static str {
        match self {
            Self::Open(_) => "open",
            Self::Read(_) => "read",
            Self::Change(_) => "change",
            Self::Commit => "commit",
            Self::Ask(_) => "ask",
            Self::Send(_) => "send",
        }
    }

    /// Whether its effect is final once it is answered: only there a lost answer is another thing than a lost question.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Commit | Self::Send(_))
    }

    /// Whether something may be different in the target after it.
    pub(crate) fn changes(&self) -> bool {
        matches!(self, Self::Change(_) | Self::Commit | Self::Send(_))
    }

    /// Whether it is what gives or takes a right: a commit only makes it so.
    pub(crate) fn gives_or_takes(&self) -> bool {
        matches!(self, Self::Change(_) | Self::Send(_))
    }

    /// Whether it goes over HTTP.
    pub(crate) fn is_request(&self) -> bool {
        matches!(self, Self::Ask(_) | Self::Send(_))
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(database) => write!(f, "opening the database `{database}`"),
            Self::Read(statement) => write!(f, "the statement `{statement}` (read)"),
            Self::Change(statement) => write!(f, "the statement `{statement}` (change)"),
            Self::Commit => f.write_str("the commit"),
            Self::Ask(request) => write!(f, "the request `{request}` (read)"),
            Self::Send(request) => write!(f, "the request `{request}` (change)"),
        }
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// The connection broke.
    Lost,
    /// None ever comes: wait until the call is cut off.
    Hang,
    /// The connector traps here: end its call, and let it do nothing more.
    Trap,
}

/// What goes wrong at a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The database refuses.
    Refuse {
        /// Five characters, PostgreSQL, appendix A.
        sqlstate: String,
        /// Its message.
        message: String,
    },
    /// The answer to a request has this status, and it has no effect.
    Status(u16),
    /// It has its effect, and the answer to the request has this status.
    StatusAfter(u16),
    /// The connection breaks before there was an effect.
    Lose,
    /// It has its effect, and the answer is lost.
    LoseReply,
    /// No answer comes, and there is no effect.
    Hang,
    /// It has its effect, and no answer comes.
    HangAfter,
    /// The connector traps before there was an effect.
    Trap,
    /// It has its effect, and the connector traps before it learns of it.
    TrapAfter,
    /// The answer to a request begins, and its end never comes.
    Stall,
    /// The answer makes no sense.
    Garbage,
    /// The answer to a request is a page for people, as a proxy in between would show.
    Page,
    /// The answer to a request is an empty object.
    Hollow,
    /// The answer to a request is an empty list.
    Bare,
    /// The answer to a request is an object about something else.
    Foreign,
    /// The request fails, and the answer repeats all of it, credential included.
    Echo,
    /// It is said to be done, and was not.
    Skip,
}

impl Fault {
    /// How a target says that the broker's account may not do this.
    pub(crate) fn forbidden(step: &Point) -> Self {
        if step.is_request() {
            return Self::Status(403);
        }
        Self::Refuse { sqlstate: "42501".to_owned(), message: "permission denied".to_owned() }
    }

    /// The ways in which a target can fail to let somebody read.
    pub(crate) fn unreadable(step: &Point) -> Vec<Self> {
        let mut all = vec![Self::forbidden(step)];
        if step.is_request() {
            all.extend([401, 429, 500, 503].map(Self::Status));
        }
        all
    }

    /// The answers without sense that a step can have.
    pub(crate) fn nonsense(step: &Point) -> Vec<Self> {
        match step {
            Point::Read(_) => vec![Self::Garbage],
            Point::Ask(_) | Point::Send(_) => vec![Self::Garbage, Self::Page, Self::Hollow, Self::Bare, Self::Foreign],
            Point::Open(_) | Point::Change(_) | Point::Commit => Vec::new(),
        }
    }
}

/// Keeps back the answer to what had its effect, where `fault` does that.
pub(super) fn arrives(fault: Option<&Fault>) -> Result<(), Gone> {
    match fault {
        Some(Fault::LoseReply) => Err(Gone::Lost),
        Some(Fault::HangAfter) => Err(Gone::Hang),
        Some(Fault::TrapAfter) => Err(Gone::Trap),
        _ => Ok(()),
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refuse { sqlstate, .. } => write!(f, "is refused with SQLSTATE {sqlstate}"),
            Self::Status(status) => write!(f, "is answered {status}"),
            Self::StatusAfter(status) => write!(f, "has its effect and is answered {status}"),
            Self::Lose => f.write_str("breaks the connection"),
            Self::LoseReply => f.write_str("has its effect and its answer is lost"),
            Self::Hang => f.write_str("is never answered"),
            Self::HangAfter => f.write_str("has its effect and is never answered"),
            Self::Trap => f.write_str("ends in a trap"),
            Self::TrapAfter => f.write_str("has its effect and ends in a trap"),
            Self::Stall => f.write_str("is answered with a body that never ends"),
            Self::Garbage => f.write_str("is answered with garbage"),
            Self::Page => f.write_str("is answered with a page of HTML"),
            Self::Hollow => f.write_str("is answered with an empty JSON object"),
            Self::Bare => f.write_str("is answered with an empty JSON list"),
            Self::Foreign => f.write_str("is answered with a JSON object about something else"),
            Self::Echo => f.write_str("is answered 500, with all that was sent"),
            Self::Skip => f.write_str("is left out"),
        }
    }
}
