//! From what a use case says to what a client reads. Causes stop here, in the log.

use hallpass_broker::BrokerError;

use super::Problem;

impl From<BrokerError> for Problem {
    fn from(error: BrokerError) -> Self {
        match error {
            BrokerError::Unauthenticated { reason } => Self::Unauthenticated { token_given: true, reason },
            BrokerError::Forbidden { reason } => Self::Forbidden { reason },
            BrokerError::NotFound { noun, id } => Self::NotFound { noun, id },
            BrokerError::Invalid { field, reason, remedy } => Self::Invalid { field, reason, remedy },
            BrokerError::Conflict(conflict) => Self::Conflict(conflict),
            BrokerError::Stale => Self::Stale,
            BrokerError::Duplicate { noun, name } => Self::Duplicate { noun, name },
            BrokerError::Taken(rule) => Self::Taken { reason: rule.to_string(), remedy: rule.remedy().to_owned() },
            BrokerError::InUse { reason, remedy } => Self::InUse { reason, remedy },
            BrokerError::Held { reason, remedy } => Self::Taken { reason, remedy },
            BrokerError::TooLong { asked_ms, max_ms, policies } => Self::TooLong { asked_ms, max_ms, policies },
            BrokerError::TooMany { reason, remedy } => Self::TooMany { reason, remedy },
            BrokerError::Gone { reason, remedy } => Self::Gone { reason, remedy },
            BrokerError::PolicyDenied { reason, policies } => Self::PolicyDenied { reason, policies },
            BrokerError::NotAdmitted(refusal) => Self::NotAdmitted(refusal),
            BrokerError::Target(failure) => Self::Target(failure),
            BrokerError::Unavailable { reason, remedy } => {
                tracing::error!(cause = %reason, %remedy, "the broker is not available");
                Self::Unavailable
            }
            BrokerError::Full => {
                tracing::error!("there is no room left to record changes");
                Self::Full
            }
            BrokerError::Internal(cause) => {
                tracing::error!(%cause, "the broker failed");
                Self::Internal
            }
        }
    }
}
