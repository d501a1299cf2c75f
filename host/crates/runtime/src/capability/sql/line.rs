//! The last step to a database: a connection of the native driver, or a session on a stage. What is above knows no difference.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use futures_util::TryStreamExt as _;
use hallpass_domain::port::Failure;
use serde_json::Map;
use sqlx::error::{DatabaseError, ErrorKind};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Error, Executor as _};

use super::statement::render::Rendered;
use super::values::{self, Value, read_row};
use crate::frame::Frame;
use crate::stage::{Mishap, StagedSession};

/// What an earlier call may have left in a connection. One round trip, and the proof that the connection lives.
const CLEAN: &str = "RESET ALL; RESET ROLE; RESET SESSION AUTHORIZATION; CLOSE ALL; UNLISTEN *; DISCARD TEMP; \
    SELECT pg_catalog.pg_advisory_unlock_all(); ";

/// Rows that are read and thrown away to keep a connection, once enough were kept.
const UNWANTED: usize = 1_000;

/// Rows of a query.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Each with its columns' names.
    pub(crate) rows: Vec<Vec<(String, Value)>>,
    /// There were more.
    pub(crate) truncated: bool,
    /// So many more that the connection was given up.
    pub(crate) unread: bool,
    used: usize,
}

impl Found {
    /// Keeps a row, unless the bounds are reached.
    fn keep(&mut self, values: Vec<(String, Value)>, bytes: usize) {
        self.used += values.iter().map(|(_, v)| v.size()).sum::<usize>();
        if self.used > bytes {
            self.truncated = true;
        } else {
            self.rows.push(values);
        }
    }

    fn is_full(&self, limit: usize) -> bool {
        self.truncated || self.rows.len() >= limit
    }
}

/// Where statements go.
pub(crate) enum Line {
    /// A server.
    Server(PgConnection),
    /// A scripted world.
    Stage(Box<dyn StagedSession>),
}

impl Line {
    /// Logs in to a server, with the settings of the session.
    pub(crate) async fn login(options: &PgConnectOptions, settings: String) -> Result<Self, Error> {
        let mut connection = options.connect().await?;
        simple(&mut connection, settings).await?;
        Ok(Self::Server(connection))
    }

    /// Cleans a connection that another call used, and proves that it lives.
    pub(crate) async fn clean(&mut self, settings: &str) -> Result<(), Error> {
        match self {
            Self::Server(connection) => simple(connection, format!("{CLEAN}{settings}")).await,
            Self::Stage(_) => Ok(()),
        }
    }

    /// Begins a transaction that may change something, under the call's deadline: the server ends what is left of a broker
    /// that was stopped.
    pub(crate) async fn begin(&mut self, frame: &Frame) -> Result<(), Error> {
        match self {
            Self::Server(connection) => {
                let ms = frame.remaining().clamp(1, 3_600_000);
                let bounds = format!("SET LOCAL statement_timeout = {ms}; SET LOCAL idle_in_transaction_session_timeout = {ms}");
                simple(connection, format!("BEGIN TRANSACTION READ WRITE; {bounds}")).await
            }
            Self::Stage(session) => session.begin().await.map_err(staged),
        }
    }

    /// Begins a transaction in which every statement sees one moment.
    pub(crate) async fn begin_snapshot(&mut self) -> Result<(), Error> {
        match self {
            Self::Server(connection) => simple(connection, "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY".to_owned()).await,
            Self::Stage(_) => Ok(()),
        }
    }

    /// Ends a transaction with its effect.
    pub(crate) async fn commit(&mut self) -> Result<(), Error> {
        match self {
            Self::Server(connection) => simple(connection, "COMMIT".to_owned()).await,
            Self::Stage(session) => session.commit().await.map_err(staged),
        }
    }

    /// Ends a transaction without effect.
    pub(crate) async fn rollback(&mut self) -> Result<(), Error> {
        match self {
            Self::Server(connection) => simple(connection, "ROLLBACK".to_owned()).await,
            Self::Stage(session) => session.rollback().await.map_err(staged),
        }
    }

    /// Runs a statement and counts the rows that it affected. A text that is surely one statement goes over the simple protocol, in
    /// one round trip; any other goes over the extended one, unnamed: the server itself refuses a text of more than one statement.
    pub(crate) async fn change(&mut self, statement: &Rendered) -> Result<u64, Error> {
        match self {
            Self::Server(connection) if is_surely_one(&statement.sql) => {
                Ok(connection.execute(sqlx::raw_sql(AssertSqlSafe(statement.sql.clone()))).await?.rows_affected())
            }
            Self::Server(connection) => {
                let query = sqlx::query(AssertSqlSafe(statement.sql.clone())).persistent(false);
                Ok(connection.execute(query).await?.rows_affected())
            }
            Self::Stage(session) => session.change(&statement.name, &statement.values).await.map_err(staged),
        }
    }

    /// Runs a statement and keeps at most `limit` rows and `bytes` bytes. The outer error is the connection's, the inner one a
    /// value's.
    pub(crate) async fn read(&mut self, statement: Rendered, limit: usize, bytes: usize) -> Result<Result<Found, Failure>, Error> {
        match self {
            Self::Server(connection) => read_from_server(connection, statement, limit, bytes).await,
            Self::Stage(session) => {
                let rows = session.read(&statement.name, &statement.values).await.map_err(staged)?;
                Ok(read_from_stage(&statement.name, &rows, limit, bytes))
            }
        }
    }
}

/// Text of the host's own, over the simple protocol: several statements in one round trip.
async fn simple(connection: &mut PgConnection, sql: String) -> Result<(), Error> {
    connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.map(|_| ())
}

/// Whether a text cannot be more than one statement, however its quotes are read: between two stands a `;`, and this has none
/// anywhere. Its byte is part of no other character of UTF-8, in which the driver talks to every server.
fn is_surely_one(sql: &str) -> bool {
    !sql.contains(';')
}

async fn read_from_server(
    connection: &mut PgConnection,
    statement: Rendered,
    limit: usize,
    bytes: usize,
) -> Result<Result<Found, Failure>, Error> {
    let mut out = Ok(Found::default());
    let mut unwanted = 0usize;
    let mut stream = connection.fetch(sqlx::query(AssertSqlSafe(statement.sql)).persistent(false));
    // To the end even when enough was read, where that is near: what is left unread would be the next statement's.
    while let Some(row) = stream.try_next().await? {
        let Ok(found) = &mut out else { continue };
        if found.is_full(limit) {
            found.truncated = true;
            unwanted += 1;
            if unwanted > UNWANTED {
                found.unread = true;
                break;
            }
            continue;
        }
        match read_row(&statement.name, &row) {
            Ok(values) => found.keep(values, bytes),
            Err(failure) => out = Err(failure),
        }
    }
    Ok(out)
}

fn read_from_stage(statement: &str, rows: &[Map<String, serde_json::Value>], limit: usize, bytes: usize) -> Result<Found, Failure> {
    let mut found = Found::default();
    for row in rows {
        if found.is_full(limit) {
            found.truncated = true;
            break;
        }
        found.keep(values::read_scripted_row(statement, row)?, bytes);
    }
    Ok(found)
}

/// An error of a stage as the driver would say it, so that everything above judges it in the same way.
pub(crate) fn staged(mishap: Mishap) -> Error {
    match mishap {
        Mishap::Answer { sqlstate, message } => Error::Database(Box::new(Scripted { sqlstate, message })),
        Mishap::Lost => Error::Io(std::io::ErrorKind::ConnectionReset.into()),
    }
}

#[derive(Debug)]
struct Scripted {
    sqlstate: String,
    message: String,
}

impl fmt::Display for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Scripted {}

impl DatabaseError for Scripted {
    fn message(&self) -> &str {
        &self.message
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(&self.sqlstate))
    }

    fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn StdError + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
        self
    }

    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}
