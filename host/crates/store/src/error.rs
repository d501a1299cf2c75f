//! What can go wrong in the store. Safe to show: no SQL text and no stored value is in any message.

use hallpass_domain::event::EventError;
use hallpass_domain::rng::RngError;

use crate::constraint::Constraint;

/// The result of a call to the store.
pub type StoreResult<T> = Result<T, StoreError>;

/// Why the store did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The database did not answer, or not as it must. Trying again later may help; what was being written is not known to be
    /// there when it happened at the commit.
    #[error("the database cannot be used: {0}")]
    Unavailable(String),
    /// No room is left. Nothing of the transaction was kept.
    #[error("the database has no room left: free space on its disk, or raise its size limit; nothing was changed")]
    Full,
    /// Others changed the same rows at the same moment. Nothing was kept; [`run_tx!`](crate::run_tx) tries again by itself.
    #[error("others are changing the same records; nothing was changed, try again")]
    Contended,
    /// The row is not in the version or state that the change was computed from.
    #[error("the {noun} {id} has changed in the meantime; read it again")]
    Stale {
        /// What it is: `grant`, `request` ….
        noun: &'static str,
        /// Which.
        id: String,
    },
    /// A row like this exists already.
    #[error("{constraint}")]
    Duplicate {
        /// The rule that it would break.
        constraint: Constraint,
    },
    /// The row points to something that is not there, or something points to it.
    #[error("a record refers to another one that does not exist")]
    Dangling,
    /// A stored value is not one that this version writes: altered by hand, or by a newer version.
    #[error(
        "the stored value in {table}.{column} of {row} cannot be read: it was altered outside of Hallpass, or written by a newer version"
    )]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The id of the row.
        row: String,
    },
    /// A transaction changed something and said no event of it: a fault of the caller. Nothing was kept (law 14).
    #[error("the change was not kept: it has no event")]
    NoEvent,
    /// A transaction was to be committed after one of its statements failed: a fault of the caller. Nothing was kept.
    #[error("the change was not kept: a part of it failed")]
    Broken,
    /// The event of the change cannot be encoded. Nothing was kept (law 14).
    #[error(transparent)]
    Event(#[from] EventError),
    /// No randomness. Nothing was kept.
    #[error(transparent)]
    Rng(#[from] RngError),
}

/// An error of a transaction's body that may say: try the whole transaction again.
pub trait MaybeRetry {
    /// Whether another try of the whole transaction can succeed.
    fn may_retry(&self) -> bool;
}

impl MaybeRetry for StoreError {
    fn may_retry(&self) -> bool {
        matches!(self, Self::Contended)
    }
}

/// SQLite's result codes that mean that no room is left: `SQLITE_FULL`; a write, and the growth of the shared-memory file, past a
/// limit on file sizes (`SQLITE_IOERR_WRITE`, `SQLITE_IOERR_SHMSIZE`).
const SQLITE_NO_ROOM: [&str; 3] = ["13", "778", "4874"];

/// Turns what the driver says into words of ours. `what` is the table that the statement is about, for the log.
pub(crate) fn classify(what: &'static str, error: &sqlx::Error) -> StoreError {
    let sqlx::Error::Database(inner) = error else {
        return match error {
            sqlx::Error::PoolTimedOut => StoreError::Unavailable("no connection became free in time".into()),
            sqlx::Error::PoolClosed => StoreError::Unavailable("it is shutting down".into()),
            sqlx::Error::Io(e) if e.kind() == std::io::ErrorKind::StorageFull => StoreError::Full,
            sqlx::Error::Io(e) => StoreError::Unavailable(format!("the connection to it broke ({})", e.kind())),
            sqlx::Error::Tls(_) => StoreError::Unavailable("the TLS connection to it could not be made".into()),
            sqlx::Error::WorkerCrashed => StoreError::Unavailable("its worker has stopped".into()),
            other => {
                tracing::error!(table = what, error = other.to_string(), "the database driver failed");
                StoreError::Unavailable("its answer was not understood".into())
            }
        };
    };
    let code = inner.code().unwrap_or_default();
    let code = code.as_ref();
    if inner.is_unique_violation() {
        return StoreError::Duplicate { constraint: Constraint::find(inner.constraint(), inner.message()) };
    }
    if inner.is_foreign_key_violation() {
        tracing::error!(table = what, constraint = inner.constraint(), "a record refers to another one that does not exist");
        return StoreError::Dangling;
    }
    // SQLite's primary result code is the low byte of the extended one; PostgreSQL's codes have five characters.
    let primary = code.parse::<u32>().ok().filter(|_| code.len() < 5).map(|n| n & 0xff);
    match (code, primary) {
        ("40001" | "40P01" | "55P03", _) | (_, Some(5 | 6)) => StoreError::Contended,
        ("53100", _) => StoreError::Full,
        (code, Some(_)) if SQLITE_NO_ROOM.contains(&code) => StoreError::Full,
        (_, Some(11 | 26)) => {
            StoreError::Unavailable("its file is damaged; stop the server and bring the data folder back from a backup".into())
        }
        (_, Some(8)) => StoreError::Unavailable("its file is read-only; check the permissions of the data folder".into()),
        (_, Some(10)) => StoreError::Unavailable(format!("its disk failed (SQLite code {code})")),
        ("57P01" | "57P02" | "57P03", _) => StoreError::Unavailable("PostgreSQL is restarting or shutting down".into()),
        ("28000" | "28P01" | "3D000" | "42501", _) => {
            StoreError::Unavailable(format!("PostgreSQL refuses us (SQLSTATE {code}); check user, password and privileges in its URL"))
        }
        _ => {
            // Our statements are constant: a complaint about one names columns, never values. Other classes may quote values.
            let about_statement = code.starts_with("42") || primary == Some(1);
            let detail = if about_statement { inner.message() } else { "" };
            tracing::error!(table = what, code, detail, "the database refused a statement");
            StoreError::Unavailable(format!("it refused a statement (code {code})"))
        }
    }
}
