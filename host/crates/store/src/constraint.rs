//! The rules that the database guards, by name. The only place that knows what a violation looks like in each backend.

use std::fmt;

/// A rule that a row broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constraint {
    /// One principal per name.
    PrincipalName,
    /// One enrolment per token.
    EnrolmentToken,
    /// One connector per digest.
    ConnectorDigest,
    /// One file per version of a publisher's connector.
    ConnectorVersion,
    /// One target per name.
    TargetName,
    /// One principal per account of a target.
    Account,
    /// One verdict per human and request.
    ApprovalHuman,
    /// One holding per account, entitlement and resource of a target.
    HoldingKey,
    /// One open operation per holding.
    OpenOperation,
    /// One event per index of the log.
    LeafIndex,
    /// One answer per idempotency key.
    IdempotencyKey,
    /// Anything else: an id that exists already.
    Id,
}

/// Rule, name of the index in PostgreSQL, columns as SQLite names them.
const RULES: [(Constraint, &str, &str); 11] = [
    (Constraint::PrincipalName, "principals_name", "principals.name"),
    (Constraint::EnrolmentToken, "enrolments_token", "enrolments.token"),
    (Constraint::ConnectorDigest, "connectors_pkey", "connectors.digest"),
    (Constraint::ConnectorVersion, "connectors_version", "connectors.publisher, connectors.name, connectors.version"),
    (Constraint::TargetName, "targets_name", "targets.name"),
    (Constraint::Account, "accounts_account", "accounts.target, accounts.account"),
    (Constraint::ApprovalHuman, "approvals_human", "approvals.request, approvals.human"),
    (Constraint::HoldingKey, "holdings_access", "holdings.target, holdings.account, holdings.entitlement, holdings.resource"),
    (Constraint::OpenOperation, "operations_open", "operations.holding"),
    (Constraint::LeafIndex, "events_leaf", "events.leaf_index"),
    (Constraint::IdempotencyKey, "idempotency_pkey", "idempotency.principal, idempotency.key"),
];

impl Constraint {
    /// The rule behind a violation: by the constraint's name where the backend says it (PostgreSQL), else by SQLite's message
    /// `UNIQUE constraint failed: table.column, …`.
    pub(crate) fn find(name: Option<&str>, message: &str) -> Self {
        let columns = message.rsplit_once(": ").map(|(_, columns)| columns);
        RULES
            .iter()
            .find(|(_, index, listed)| name.map_or(columns == Some(*listed), |name| name == *index))
            .map_or(Self::Id, |(rule, _, _)| *rule)
    }

    /// What whoever met it can do.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::PrincipalName | Self::TargetName => "Choose another name, or use the one that is there.",
            Self::Account => "Look at the accounts of the target: an account belongs to one principal. Map another one, or free it first.",
            Self::ApprovalHuman => "One human counts once per request: somebody else of the stage's group must decide.",
            Self::ConnectorVersion => "Raise the version in the connector's manifest, and build and load it again.",
            Self::IdempotencyKey => "Take a new key for each new call.",
            Self::EnrolmentToken | Self::ConnectorDigest | Self::HoldingKey | Self::OpenOperation | Self::LeafIndex | Self::Id => {
                "Look at what is there already."
            }
        }
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PrincipalName => "a principal of this name exists already",
            Self::EnrolmentToken => "this enrolment link exists already",
            Self::ConnectorDigest => "this connector is loaded already",
            Self::ConnectorVersion => "this version of the connector is loaded already from another file",
            Self::TargetName => "a target of this name exists already",
            Self::Account => "this account of the target belongs to another principal",
            Self::ApprovalHuman => "this person has given a verdict on the request already",
            Self::HoldingKey => "a holding of this account, entitlement and resource exists already",
            Self::OpenOperation => "the holding has an open operation already",
            Self::LeafIndex => "this index of the log is taken already",
            Self::IdempotencyKey => "this idempotency key is taken already",
            Self::Id => "a record with this id exists already",
        })
    }
}
