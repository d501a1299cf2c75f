//! Why a request was not sent, or its answer not passed on.

use hallpass_domain::clock::Millis;
use hallpass_domain::port::Failure;

/// A request that ended without an answer. No text here holds a secret.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Refusal {
    /// Nothing that this call may do.
    #[error("the request is not allowed: {0}")]
    Denied(String),
    /// The name leads to an address that no one granted.
    #[error("{0}")]
    Prohibited(String),
    /// The name does not resolve.
    #[error("the name {name} does not resolve: {cause}. Is the host of the target spelled right?")]
    Unresolved {
        /// The name.
        name: String,
        /// What the resolver said.
        cause: String,
    },
    /// Nobody answers there.
    #[error("{origin} cannot be reached: {cause}")]
    Unreachable {
        /// Where.
        origin: String,
        /// What happened.
        cause: String,
    },
    /// It answers, but not in TLS that holds.
    #[error(
        "{origin} is not trusted: {cause}. Name the root certificate of its authority in the target's settings, if it is a private one"
    )]
    Untrusted {
        /// Where.
        origin: String,
        /// What is wrong.
        cause: String,
    },
    /// It took too long.
    #[error("{what} took longer than {limit} ms")]
    TimedOut {
        /// What.
        what: &'static str,
        /// How long was allowed.
        limit: Millis,
    },
    /// More than a call may have.
    #[error("{what}: a call may have {limit}")]
    TooMuch {
        /// What.
        what: &'static str,
        /// How much was allowed.
        limit: u64,
    },
    /// The credential could not be made.
    #[error("the credential {name} could not be made: {cause}")]
    Credential {
        /// Which.
        name: String,
        /// Why.
        cause: String,
    },
    /// The lease under which the call runs is over.
    #[error("{0}")]
    Fenced(Failure),
    /// The connection broke, or what came is not HTTP.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// The answer must not be passed on.
    #[error("the answer is withheld: {0}")]
    Withheld(String),
}
