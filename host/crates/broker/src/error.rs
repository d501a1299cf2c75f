//! What can go wrong, for whoever called. Internal causes are logged where they happen and never shown.

use hallpass_domain::clock::Millis;
use hallpass_domain::name::NameError;
use hallpass_domain::port::{Failure, NotAdmitted};
use hallpass_domain::rng::RngError;
use hallpass_domain::{Conflict, secret};
use hallpass_store::{Constraint, MaybeRetry, StoreError};

/// Every way in which a use case can fail. Closed: the HTTP crate maps each to one problem.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// Not known who asks.
    #[error("{reason}")]
    Unauthenticated {
        /// What is wrong with the proof.
        reason: String,
    },
    /// Known, and not allowed.
    #[error("{reason}")]
    Forbidden {
        /// What is not allowed, and who could.
        reason: String,
    },
    /// No such thing, or not for this caller to know.
    #[error("there is no {noun} {id}")]
    NotFound {
        /// What was looked for.
        noun: &'static str,
        /// By which id or name.
        id: String,
    },
    /// A value that does not fit.
    #[error("{field}: {reason}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// The state does not allow it: not yet, or not any more.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// Somebody else changed it at the same time.
    #[error("it was changed by someone else at the same moment")]
    Stale,
    /// The name is taken.
    #[error("there is a {noun} {name} already")]
    Duplicate {
        /// What exists.
        noun: &'static str,
        /// Its name.
        name: String,
    },
    /// A row that must be unique exists already. Use cases that can name it turn it into [`BrokerError::Duplicate`].
    #[error("{0}")]
    Taken(Constraint),
    /// What is to go is still needed.
    #[error("{reason}")]
    InUse {
        /// By what.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// It is held already, otherwise than it is asked for.
    #[error("{reason}")]
    Held {
        /// By whom, and how.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// More time than policy allows.
    #[error("{} was asked for, the limit is {}", human(*asked_ms), human(*max_ms))]
    TooLong {
        /// What was asked for, in milliseconds.
        asked_ms: Millis,
        /// What is allowed, in milliseconds.
        max_ms: Millis,
        /// The policies that say so.
        policies: Vec<String>,
    },
    /// It was there once and can be had only once.
    #[error("{reason}")]
    Gone {
        /// What happened to it.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// Policy said no.
    #[error("{reason}")]
    PolicyDenied {
        /// Why.
        reason: String,
        /// The policies that decided.
        policies: Vec<String>,
    },
    /// A file that is no connector of ours.
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
    /// The target did not do it, or nobody would ask it.
    #[error("{0}")]
    Target(Failure),
    /// More at once than one caller may have.
    #[error("{reason}")]
    TooMany {
        /// Of what.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// Not now.
    #[error("{reason}")]
    Unavailable {
        /// What is missing.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// No room to record anything, so nothing changes.
    #[error("there is no room left to record changes, so nothing was changed")]
    Full,
    /// Our fault.
    #[error("the broker failed: {0}")]
    Internal(String),
}

impl BrokerError {
    #[expect(clippy::needless_pass_by_value, reason = "ids are given as they come, owned or borrowed")]
    pub(crate) fn not_found(noun: &'static str, id: impl ToString) -> Self {
        Self::NotFound { noun, id: id.to_string() }
    }

    #[expect(clippy::needless_pass_by_value, reason = "reasons are given as they come, errors or text")]
    pub(crate) fn invalid(field: &'static str, reason: impl ToString, remedy: impl Into<String>) -> Self {
        Self::Invalid { field, reason: reason.to_string(), remedy: remedy.into() }
    }

    /// A text that cannot be kept or shown; `field` is where it came in.
    pub(crate) fn unfit(field: &'static str) -> impl FnOnce(NameError) -> Self {
        move |e| Self::invalid(field, e, "Shorten it, and leave out what cannot be shown.")
    }

    pub(crate) fn forbidden(reason: impl Into<String>) -> Self {
        Self::Forbidden { reason: reason.into() }
    }

    pub(crate) fn unauthenticated(reason: impl Into<String>) -> Self {
        Self::Unauthenticated { reason: reason.into() }
    }
}

impl From<RngError> for BrokerError {
    fn from(e: RngError) -> Self {
        Self::Internal(e.to_string())
    }
}

impl From<hallpass_keyring::SealError> for BrokerError {
    fn from(e: hallpass_keyring::SealError) -> Self {
        Self::Internal(e.to_string())
    }
}

impl From<secret::OpenError> for BrokerError {
    fn from(e: secret::OpenError) -> Self {
        Self::Internal(e.to_string())
    }
}

impl MaybeRetry for BrokerError {
    /// What was decided on moved on meanwhile: the body reads it again, and decides again.
    fn may_retry(&self) -> bool {
        matches!(self, Self::Stale)
    }
}

/// A length of time as a person writes it: `1h`, `30m`, `20s`, `1500ms`.
pub fn human(ms: Millis) -> String {
    match ms {
        0 => "0s".into(),
        ms if ms % 3_600_000 == 0 => format!("{}h", ms / 3_600_000),
        ms if ms % 60_000 == 0 => format!("{}m", ms / 60_000),
        ms if ms % 1000 == 0 => format!("{}s", ms / 1000),
        ms => format!("{ms}ms"),
    }
}

impl From<StoreError> for BrokerError {
    fn from(e: StoreError) -> Self {
        match e {
            // Two made the same holding or planned for it at the same moment: whoever comes second reads what the first made.
            StoreError::Stale { .. }
            | StoreError::Contended
            | StoreError::Duplicate { constraint: Constraint::HoldingKey | Constraint::OpenOperation } => Self::Stale,
            StoreError::Full => Self::Full,
            StoreError::Duplicate { constraint } => Self::Taken(constraint),
            StoreError::Unavailable(text) => {
                tracing::error!(cause = %text, "the store is not available");
                Self::Unavailable {
                    reason: "the broker's store does not answer".into(),
                    remedy: "Try again in a moment; the operator finds the cause in the broker's log.".into(),
                }
            }
            other => {
                tracing::error!(cause = %other, "the store failed");
                Self::Internal("the store failed".into())
            }
        }
    }
}
