//! Why a command did not do what was asked: one sentence with the cause and what to do.

use std::fmt;

use hallpass_egress::EgressError;
use serde_json::{Value, json};

use super::exit::Exit;
use crate::client::{ClientError, Look as _};
use crate::config::ConfigError;

/// A command that failed.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// The cause and what to do.
    pub message: String,
    /// The broker's problem document (RFC 9457), where it was the broker that said no.
    pub problem: Option<Value>,
}

impl Failure {
    /// A failure of no particular kind.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, message: message.into(), problem: None }
    }

    /// The command line is wrong in a way that the parser does not see.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, ..Self::failed(message) }
    }

    /// There is no such thing.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self { exit: Exit::NotFound, ..Self::failed(message) }
    }

    /// The failure as a JSON document.
    pub(super) fn document(&self) -> Value {
        let error = json!({ "message": self.message, "exit": self.exit as u8, "problem": self.problem });
        json!({ "error": error })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<ClientError> for Failure {
    fn from(e: ClientError) -> Self {
        let exit = match &e {
            ClientError::Call(EgressError::Refused(problem)) => match problem.status {
                401 | 403 => Exit::Refused,
                404 | 410 => Exit::NotFound,
                424 if matches!(problem.document.word("failure"), "unavailable" | "timeout" | "rate-limited") => Exit::Unavailable,
                429 | 500.. => Exit::Unavailable,
                _ => Exit::Failed,
            },
            ClientError::TooSlow(_) => Exit::Waiting,
            ClientError::Call(EgressError::Unreachable { .. } | EgressError::TimedOut { .. }) => Exit::Unavailable,
            ClientError::Call(EgressError::Address(_)) => Exit::Usage,
            _ => Exit::Failed,
        };
        let problem = e.problem().map(|problem| problem.document.clone());
        Self { exit, message: e.to_string(), problem }
    }
}

impl From<ConfigError> for Failure {
    fn from(e: ConfigError) -> Self {
        Self::usage(e.to_string())
    }
}

impl From<anyhow::Error> for Failure {
    fn from(e: anyhow::Error) -> Self {
        Self::failed(format!("{e:#}"))
    }
}

impl From<std::io::Error> for Failure {
    fn from(e: std::io::Error) -> Self {
        Self::failed(e.to_string())
    }
}
