//! `[limits]`: times. What is not set has the broker's default.

use serde::Deserialize;

use super::length::Length;

/// Times of the broker.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// How long a request may wait for verdicts.
    pub request_ttl: Option<Length>,
    /// An activation that is not seen within it ends.
    pub activation_window: Option<Length>,
    /// How long one call of a connector may take.
    pub call: Option<Length>,
    /// How long a claimed operation belongs to one node; more than five quarters of `call`.
    pub lease: Option<Length>,
    /// A grant that is still ending after it is overdue.
    pub overdue_grace: Option<Length>,
    /// How long a session token lives, at most 15 minutes.
    pub session: Option<Length>,
    /// How long a bearer pass lives, at most 5 minutes.
    pub pass: Option<Length>,
    /// How long an enrolment link lives.
    pub enrolment: Option<Length>,
}

impl Limits {
    /// Its keys in the file.
    pub(super) const KEYS: &'static [&'static str] =
        &["request_ttl", "activation_window", "call", "lease", "overdue_grace", "session", "pass", "enrolment"];
}
