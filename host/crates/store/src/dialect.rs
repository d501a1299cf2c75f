//! The differences between the two dialects, each a named fragment. All other SQL is one text for both.

use sqlx::SqlStr;

use crate::sql::composed;

/// Which database is behind the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// One data folder, one process.
    Sqlite,
    /// Any number of nodes.
    Postgres,
}

impl Backend {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgresql",
        }
    }

    /// The store's time in milliseconds: on PostgreSQL that of the database, so that deadlines of leases mean the same on every
    /// node; on SQLite the injected clock. `$1` is what [`Store::time_argument`](crate::Store) gives: an offset, or the instant.
    const fn now_ms(self) -> &'static str {
        match self {
            Self::Sqlite => "$1",
            Self::Postgres => "(CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) + $1)",
        }
    }

    /// Locks the rows that a sub-select picks and passes over those that another node has locked. One writer needs none.
    const fn skip_locked(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => "FOR UPDATE SKIP LOCKED",
        }
    }

    /// Keeps the rows of a select as they are until the transaction ends, and lets others do the same. One writer needs none.
    const fn shared(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => "FOR SHARE",
        }
    }

    /// Begins a transaction that may write.
    pub(crate) const fn begin(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN ISOLATION LEVEL READ COMMITTED",
        }
    }

    /// Puts the fragments into a text: `{now}`, `{skip_locked}` and `{shared}`.
    pub(crate) fn text(self, template: &'static str) -> SqlStr {
        composed(template.replace("{now}", self.now_ms()).replace("{skip_locked}", self.skip_locked()).replace("{shared}", self.shared()))
    }
}
