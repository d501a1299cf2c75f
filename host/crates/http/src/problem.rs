//! Error bodies: RFC 9457 problem details with one extension that every problem has, `remedy`.
//!
//! A closed set. What a 5xx says is constant text; its cause is in the broker's log, under the call's `x-request-id`. To add a
//! problem: a variant here, its row in [`Problem::kind`], its line in the table of the tests.

mod body;
mod from_broker;
#[cfg(test)]
mod tests;

use axum::http::StatusCode;
use hallpass_domain::Conflict;
use hallpass_domain::port::{Failure, NotAdmitted};

pub use body::ProblemBody;

/// Every way in which a call can fail.
#[derive(Debug)]
pub enum Problem {
    /// No token, or none that is good.
    Unauthenticated {
        /// Whether a token came at all.
        token_given: bool,
        /// What is wrong.
        reason: String,
    },
    /// Known, and not allowed.
    Forbidden {
        /// What is not allowed, and who could.
        reason: String,
    },
    /// Policy said no to a request for access.
    PolicyDenied {
        /// Why.
        reason: String,
        /// The policies that decided.
        policies: Vec<String>,
    },
    /// No such thing, or not for this caller to know.
    NotFound {
        /// What was looked for.
        noun: &'static str,
        /// By which id or name.
        id: String,
    },
    /// No route has this path.
    NoRoute,
    /// The path has other methods.
    NoMethod,
    /// The body is no JSON.
    MalformedJson {
        /// Where, from 1.
        line: usize,
        /// Where in the line, from 1; 0 is before its first character.
        column: usize,
        /// What is wrong.
        reason: String,
    },
    /// The body is JSON and not what this call takes.
    WrongBody {
        /// The field, as a path from the root: `secrets.password`.
        field: Option<String>,
        /// Where, from 1.
        line: usize,
        /// Where in the line, from 1.
        column: usize,
        /// What is wrong. Never a value that was sent.
        reason: String,
    },
    /// The body is of another media type.
    WrongContentType {
        /// The one that is taken.
        expected: &'static str,
    },
    /// The body is too large.
    TooLarge {
        /// The most bytes.
        limit: usize,
    },
    /// The body did not arrive whole.
    BrokenBody,
    /// A part of the path is not what belongs there.
    WrongPath {
        /// What is wrong.
        reason: String,
    },
    /// The query is not what this call takes.
    WrongQuery {
        /// What is wrong.
        reason: String,
    },
    /// A header is not what this call takes.
    WrongHeader {
        /// Which.
        name: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A value does not fit.
    Invalid {
        /// The field.
        field: &'static str,
        /// What is wrong.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// The state does not allow it: not yet, or not any more.
    Conflict(Conflict),
    /// Somebody else changed it at the same time.
    Stale,
    /// The name is taken.
    Duplicate {
        /// What exists.
        noun: &'static str,
        /// Its name.
        name: String,
    },
    /// Something that must be unique exists already.
    Taken {
        /// What.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// What is to go is still needed.
    InUse {
        /// By what.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// More time than policy allows.
    TooLong {
        /// What was asked for, in milliseconds.
        asked_ms: u64,
        /// What is allowed, in milliseconds.
        max_ms: u64,
        /// The policies that say so.
        policies: Vec<String>,
    },
    /// More at once than one caller may have.
    TooMany {
        /// Of what.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// More calls at once than this node takes.
    Busy,
    /// It could be had once, and was.
    Gone {
        /// What happened to it.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// A file that is no connector of ours.
    NotAdmitted(NotAdmitted),
    /// The target did not do it, or was not asked. Not a fault of the broker, so not a 5xx: the words may be shown.
    Target(Failure),
    /// Not now.
    Unavailable,
    /// No room to record anything.
    Full,
    /// No answer in time.
    TimedOut,
    /// A fault of the broker.
    Internal,
}

/// What is the same for all problems of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// The last part of the type URI.
    pub slug: &'static str,
    /// The status.
    pub status: StatusCode,
    /// The title: the same for all of this type.
    pub title: &'static str,
}

/// What type URIs begin with. They are names, not addresses.
pub const TYPE_PREFIX: &str = "urn:hallpass:problem:";

impl Problem {
    /// Its type, status and title.
    pub const fn kind(&self) -> Kind {
        let (slug, status, title) = match self {
            Self::Unauthenticated { .. } => ("unauthenticated", StatusCode::UNAUTHORIZED, "Not signed in"),
            Self::Forbidden { .. } => ("forbidden", StatusCode::FORBIDDEN, "Not allowed"),
            Self::PolicyDenied { .. } => ("policy-denied", StatusCode::FORBIDDEN, "Policy says no"),
            Self::NotFound { .. } => ("not-found", StatusCode::NOT_FOUND, "Not found"),
            Self::NoRoute => ("no-route", StatusCode::NOT_FOUND, "No such path"),
            Self::NoMethod => ("no-method", StatusCode::METHOD_NOT_ALLOWED, "No such method on this path"),
            Self::MalformedJson { .. } => ("malformed-json", StatusCode::BAD_REQUEST, "The body is not JSON"),
            Self::WrongBody { .. } => ("wrong-body", StatusCode::UNPROCESSABLE_ENTITY, "The body does not fit"),
            Self::WrongContentType { .. } => ("wrong-content-type", StatusCode::UNSUPPORTED_MEDIA_TYPE, "Wrong content type"),
            Self::TooLarge { .. } => ("too-large", StatusCode::PAYLOAD_TOO_LARGE, "The body is too large"),
            Self::BrokenBody => ("broken-body", StatusCode::BAD_REQUEST, "The body did not arrive whole"),
            Self::WrongPath { .. } => ("wrong-path", StatusCode::BAD_REQUEST, "The path does not fit"),
            Self::WrongQuery { .. } => ("wrong-query", StatusCode::BAD_REQUEST, "The query does not fit"),
            Self::WrongHeader { .. } => ("wrong-header", StatusCode::BAD_REQUEST, "A header does not fit"),
            Self::Invalid { .. } => ("invalid", StatusCode::UNPROCESSABLE_ENTITY, "A value does not fit"),
            Self::Conflict(_) => ("conflict", StatusCode::CONFLICT, "Not possible in this state"),
            Self::Stale => ("stale", StatusCode::CONFLICT, "Changed at the same moment"),
            Self::Duplicate { .. } => ("duplicate", StatusCode::CONFLICT, "There is one already"),
            Self::Taken { .. } => ("taken", StatusCode::CONFLICT, "Taken already"),
            Self::InUse { .. } => ("in-use", StatusCode::CONFLICT, "Still in use"),
            Self::TooLong { .. } => ("too-long", StatusCode::UNPROCESSABLE_ENTITY, "More time than policy allows"),
            Self::TooMany { .. } => ("too-many", StatusCode::TOO_MANY_REQUESTS, "Too many at once"),
            Self::Busy => ("busy", StatusCode::SERVICE_UNAVAILABLE, "Too many calls at once"),
            Self::Gone { .. } => ("gone", StatusCode::GONE, "Gone"),
            Self::NotAdmitted(_) => ("connector-not-admitted", StatusCode::UNPROCESSABLE_ENTITY, "The connector was not loaded"),
            Self::Target(_) => ("target-failed", StatusCode::FAILED_DEPENDENCY, "Not done in the target"),
            Self::Unavailable => ("unavailable", StatusCode::SERVICE_UNAVAILABLE, "Not available now"),
            Self::Full => ("full", StatusCode::INSUFFICIENT_STORAGE, "No room left"),
            Self::TimedOut => ("timed-out", StatusCode::SERVICE_UNAVAILABLE, "No answer in time"),
            Self::Internal => ("internal", StatusCode::INTERNAL_SERVER_ERROR, "The broker failed"),
        };
        Kind { slug, status, title }
    }
}
