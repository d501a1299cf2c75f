//! What a server's error means: SQLSTATE (PostgreSQL, appendix A) to our kinds. The text is the server's primary message,
//! bounded, without control characters; detail, hint and context stay out, they may quote values.

use std::borrow::Cow;

use hallpass_domain::port::{Failure, FailureKind};
use sqlx::Error;
use sqlx::error::DatabaseError;

use crate::hostile_text;

/// How long to wait before trying again what another transaction got in the way of, in milliseconds.
const RETRY_MS: u64 = 100;

/// The failure that `error` is, before anything could have changed: `effect: none`.
pub(crate) fn failure(error: &Error) -> Failure {
    match error {
        Error::Database(e) => database(e.as_ref()),
        // The driver reports what TLS refuses as input that is not valid.
        Error::Io(e) if e.kind() == std::io::ErrorKind::InvalidData => tls(&e.to_string()),
        Error::Io(e) => Failure::none(
            FailureKind::Unavailable,
            "unreachable",
            format!("the database cannot be reached: {}. Check that it runs and that host and port of the target are right", e.kind()),
        ),
        Error::Tls(e) => tls(&e.to_string()),
        Error::Configuration(_) => Failure::none(FailureKind::InvalidInput, "settings", "the target's connection settings are not valid"),
        Error::Protocol(_) => Failure::none(
            FailureKind::Unavailable,
            "protocol",
            "what answers does not speak PostgreSQL's protocol as expected, or asks for a login method other than password or SCRAM",
        ),
        _ => Failure::none(FailureKind::Unavailable, "connection", "the connection to the database broke"),
    }
}

fn tls(why: &str) -> Failure {
    let why = hostile_text::line(why, 300);
    let remedy = "Check the server's certificate, the name in `host`, and `root_certificate` of the target";
    Failure::none(FailureKind::Unavailable, "tls", format!("no trusted TLS connection: {why}. {remedy}"))
}

fn database(error: &dyn DatabaseError) -> Failure {
    let Some(code) = error.code() else {
        return Failure::none(FailureKind::Internal, "database", "the database refused without saying why");
    };
    let (kind, retry) = classify(&code, error.message());
    Failure {
        retry_after_ms: retry.then_some(RETRY_MS),
        ..Failure::none(kind, &format!("sqlstate-{}", code.to_ascii_lowercase()), hostile_text::line(error.message(), 1024))
    }
}

/// The SQLSTATE and the text of what the server answered; `None` where it answered nothing.
fn answered(error: &Error) -> Option<(Cow<'_, str>, &str)> {
    let answer = error.as_database_error()?;
    Some((answer.code()?, answer.message()))
}

/// The kind, and whether the same again may work soon.
fn classify(code: &str, message: &str) -> (FailureKind, bool) {
    use FailureKind as K;
    match code {
        "42501" => (K::Forbidden, false),
        "3D000" | "3F000" | "42704" | "42P01" | "42883" | "42703" => (K::NotFound, false),
        "40001" | "40P01" | "55006" | "55P03" => (K::Conflict, true),
        "42710" | "42P04" | "42P06" | "42P07" | "2BP01" | "55000" => (K::Conflict, false),
        "XX000" if is_concurrent(message) => (K::Conflict, true),
        "57014" => (K::Timeout, false),
        "53300" => (K::Unavailable, true),
        "0A000" => (K::Unsupported, false),
        _ => match code.get(..2) {
            Some("28") => (K::Unauthenticated, false),
            Some("08" | "53" | "57" | "58") => (K::Unavailable, false),
            Some("40") => (K::Conflict, true),
            Some("22" | "23") => (K::InvalidInput, false),
            _ => (K::Internal, false),
        },
    }
}

/// Two transactions changed one row of a catalogue: PostgreSQL has no code of its own for that.
fn is_concurrent(message: &str) -> bool {
    message.starts_with("tuple concurrently ")
}

/// Whether the same transaction may work when it is run again at once.
pub(crate) fn is_retryable(error: &Error) -> bool {
    let Some((code, message)) = answered(error) else { return false };
    matches!(code.as_ref(), "40001" | "40P01") || (code == "XX000" && is_concurrent(message))
}

/// Whether a failed COMMIT surely left nothing: the server answered and named a constraint or a serialization conflict.
pub(crate) fn surely_rolled_back(error: &Error) -> bool {
    answered(error).is_some_and(|(code, _)| matches!(code.get(..2), Some("23" | "40")))
}

/// Whether the connection is still good after this error: the server answered, and it was no fatal one.
pub(crate) fn keeps_connection(error: &Error) -> bool {
    answered(error).is_some_and(|(code, _)| !matches!(code.get(..2), Some("57" | "08" | "58")) || code == "57014")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_apart_as_the_broker_must_react() {
        for (code, message, kind, retry) in [
            ("28P01", "password authentication failed for user \"m\"", FailureKind::Unauthenticated, false),
            ("42501", "permission denied", FailureKind::Forbidden, false),
            ("3F000", "schema \"x\" does not exist", FailureKind::NotFound, false),
            ("42710", "role \"x\" already exists", FailureKind::Conflict, false),
            ("XX000", "tuple concurrently updated", FailureKind::Conflict, true),
            ("XX000", "cache lookup failed", FailureKind::Internal, false),
            ("57P01", "terminating connection due to administrator command", FailureKind::Unavailable, false),
            ("57014", "canceling statement due to statement timeout", FailureKind::Timeout, false),
            ("42601", "syntax error", FailureKind::Internal, false),
        ] {
            assert_eq!(classify(code, message), (kind, retry), "{code}");
        }
    }
}
