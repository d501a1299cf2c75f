//! A session in one database: queries read-only, changes in one transaction under the lease of the operation, and the truth
//! about a commit that was not answered.

use std::sync::Arc;

use hallpass_domain::failpoint::{self, Failpoint};
use hallpass_domain::port::{Effect, Failure, FailureKind};
use sqlx::Error;

use super::connect;
use super::error;
use super::line::{Found, Line, staged};
use super::pool::Lease;
use super::statement::render::{Rendered, literal, mark};
use crate::frame::Frame;

/// How often a transaction is run that another one got in the way of.
const TRIES: usize = 5;

/// What a session may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Reads only, under the host's own name.
    Look,
    /// May change; the server shows it as `stamp/attempt`, so that whoever takes over can end it.
    Change,
}

/// A login that failed: where nobody answered or the host was not let in, the host has seen an outage.
fn unreached(frame: &Frame, failure: Failure) -> Failure {
    if matches!(failure.kind, FailureKind::Unavailable | FailureKind::Unauthenticated) {
        frame.progress.note_outage();
        return failure.as_outage();
    }
    failure
}

/// An open session. Nothing lives in it between two pieces of work, so that one whose connection broke is opened again.
pub(crate) struct Session {
    lease: Lease,
    purpose: Purpose,
}

impl Session {
    /// Opens a session in `database`: a warm connection if one lives, else a new one.
    pub(crate) async fn open(frame: &Frame, database: &str, purpose: Purpose) -> Result<Self, Failure> {
        if frame.manifest.login_secret("password") {
            frame.permit("secret", "password")?;
        }
        if let Some(stage) = &frame.services.stage {
            let session = stage.open(database).await.map_err(|mishap| error::failure(&staged(mishap)))?;
            return Ok(Self::lent(frame, database, Line::Stage(session), purpose));
        }
        let pools = &frame.services.pools;
        let endpoint = &frame.call.endpoint;
        let settings = settings(frame, purpose)?;
        while let Some(mut connection) = pools.take(endpoint, database) {
            if connection.clean(&settings).await.is_ok() {
                return Ok(Self::lent(frame, database, connection, purpose));
            }
        }
        let options = connect::options(&frame.manifest, endpoint, database)?;
        let clock = &frame.services.clock;
        let late = clock.sleep_until(clock.now().plus(frame.services.limits.connect_ms));
        let connection = tokio::select! {
            done = Line::login(&options, settings) => done.map_err(|e| unreached(frame, error::failure(&e)))?,
            () = late => {
                let message = "the database did not answer the login in time. Check that host and port of the target are right";
                return Err(unreached(frame, Failure::none(FailureKind::Unavailable, "login-timeout", message)));
            }
        };
        Ok(Self::lent(frame, database, connection, purpose))
    }

    fn lent(frame: &Frame, database: &str, connection: Line, purpose: Purpose) -> Self {
        let mut lease = Lease::new(Arc::clone(&frame.services.pools), &frame.call.endpoint, database, connection);
        lease.rest();
        Self { lease, purpose }
    }

    /// Runs one statement that reads, and keeps at most `limit` rows and `bytes` bytes. The session is read-only by its settings,
    /// which no declared statement can change; only [`Session::transact`] says otherwise.
    pub(crate) async fn query(&mut self, frame: &Frame, statement: Rendered, limit: usize, bytes: usize) -> Result<Found, Failure> {
        let connection = self.connection(frame).await?;
        let done = connection.read(statement, limit, bytes).await;
        self.settle(done, false, |rows| rows.unread).await
    }

    /// Runs several statements that read, in one snapshot.
    pub(crate) async fn query_together(
        &mut self,
        frame: &Frame,
        statements: Vec<Rendered>,
        limit: usize,
        bytes: usize,
    ) -> Result<Vec<Found>, Failure> {
        let connection = self.connection(frame).await?;
        let done = together(connection, statements, limit, bytes).await;
        self.settle(done, true, |all| all.iter().any(|rows| rows.unread)).await
    }

    /// The outer error is the connection's, the inner one a value's, which leaves the connection as it is.
    async fn settle<T>(
        &mut self,
        done: Result<Result<T, Failure>, Error>,
        in_transaction: bool,
        unread: impl Fn(&T) -> bool,
    ) -> Result<T, Failure> {
        match done {
            Ok(Ok(rows)) if unread(&rows) => {
                self.lease.discard();
                Ok(rows)
            }
            Ok(rows) => {
                self.end(in_transaction).await;
                rows
            }
            Err(e) => Err(self.failed(&e, in_transaction).await),
        }
    }

    /// The connection, for a piece of work that begins now.
    async fn connection(&mut self, frame: &Frame) -> Result<&mut Line, Failure> {
        if self.lease.work().is_none() {
            *self = Self::open(frame, self.lease.database(), self.purpose).await?;
        }
        self.lease.work().ok_or_else(broken)
    }

    /// Runs statements in one transaction and commits. Returns the rows that each affected.
    pub(crate) async fn transact(&mut self, frame: &Frame, statements: &[Rendered]) -> Result<Vec<u64>, Failure> {
        if statements.is_empty() {
            return Ok(Vec::new());
        }
        if frame.call.dry_run {
            return Ok(vec![0; statements.len()]);
        }
        let lock = frame.services.pools.change_lock(&frame.call.endpoint.id, self.lease.database());
        let _one_at_a_time = lock.lock().await;
        for _ in 0..TRIES {
            // The server must know this session by its mark before the lease is checked. A transaction that begins meanwhile
            // changes nothing: what does goes out when the lease was found good.
            let connection = self.connection(frame).await?;
            let (begun, checked) = tokio::join!(connection.begin(frame), frame.call.fence.check());
            match (checked, begun) {
                (Ok(()), Ok(())) => {}
                (Err(failure), Ok(())) => {
                    self.end(true).await;
                    return Err(failure);
                }
                (checked, Err(e)) => {
                    let failure = self.failed(&e, false).await;
                    return Err(checked.err().unwrap_or(failure));
                }
            }
            match self.attempt(frame, statements).await {
                Err(Broken::Again) => {}
                Err(Broken::For(failure)) => return Err(failure),
                Ok(affected) => return Ok(affected),
            }
        }
        let message = "other transactions kept changing the same catalogue rows";
        Err(Failure { retry_after_ms: Some(1_000), ..Failure::none(FailureKind::Conflict, "busy-catalog", message) })
    }

    async fn attempt(&mut self, frame: &Frame, statements: &[Rendered]) -> Result<Vec<u64>, Broken> {
        let connection = self.lease.work().ok_or_else(|| Broken::For(broken()))?;
        match changes(connection, statements).await {
            Ok(affected) => self.commit(frame).await.map(|()| affected),
            // No COMMIT was sent: whatever becomes of the connection, the server rolls back.
            Err(e) => {
                let failure = self.failed(&e, true).await;
                Err(if error::is_retryable(&e) { Broken::Again } else { Broken::For(failure) })
            }
        }
    }

    async fn commit(&mut self, frame: &Frame) -> Result<(), Broken> {
        let connection = self.lease.work().ok_or_else(|| Broken::For(broken()))?;
        failpoint::hit(Failpoint::TargetBeforeCommit);
        if let Err(over) = frame.progress.begin_sending() {
            self.end(true).await;
            return Err(Broken::For(over));
        }
        match connection.commit().await {
            Ok(()) => {
                failpoint::hit(Failpoint::TargetAfterCommit);
                frame.progress.committed();
                self.lease.rest();
                Ok(())
            }
            Err(e) if error::surely_rolled_back(&e) => {
                frame.progress.without_effect();
                let failure = self.failed(&e, false).await;
                Err(if error::is_retryable(&e) { Broken::Again } else { Broken::For(failure) })
            }
            Err(e) => {
                let failure = self.failed(&e, false).await;
                self.lease.discard();
                Err(Broken::For(Failure { effect: Effect::Unknown, ..failure }))
            }
        }
    }

    /// The failure, with the connection brought back to rest or thrown away.
    async fn failed(&mut self, error: &Error, in_transaction: bool) -> Failure {
        if error::keeps_connection(error) {
            self.end(in_transaction).await;
        } else {
            self.lease.discard();
        }
        error::failure(error)
    }

    /// Ends a transaction without any effect, or just rests.
    async fn end(&mut self, in_transaction: bool) {
        let Some(connection) = self.lease.work() else { return };
        if !in_transaction || connection.rollback().await.is_ok() {
            self.lease.rest();
        } else {
            self.lease.discard();
        }
    }
}

enum Broken {
    /// Rolled back, and worth another try on this connection.
    Again,
    For(Failure),
}

fn broken() -> Failure {
    Failure::none(FailureKind::Unavailable, "connection", "the connection to the database broke earlier in this call")
}

/// The settings of a session, as SQL. The name of a session that may change must be in the server before the lease is
/// checked: else a process that is stopped between check and first statement could not be found and ended by its successor.
fn settings(frame: &Frame, purpose: Purpose) -> Result<String, Failure> {
    let name = match (purpose, &frame.wish) {
        (Purpose::Change, Some(wish)) => mark(wish, frame.call.attempt),
        _ => connect::APPLICATION.to_owned(),
    };
    let quoted = literal(&name).map_err(|m| Failure::none(FailureKind::Internal, "bad-mark", m))?;
    Ok(format!(
        "SET application_name = {quoted}; SET default_transaction_read_only = on; SET statement_timeout = {}",
        frame.remaining().clamp(1, 3_600_000)
    ))
}

/// The outer error is the connection's, the inner one a value's.
async fn together(line: &mut Line, statements: Vec<Rendered>, limit: usize, bytes: usize) -> Result<Result<Vec<Found>, Failure>, Error> {
    line.begin_snapshot().await?;
    let mut out = Vec::with_capacity(statements.len());
    for statement in statements {
        match line.read(statement, limit, bytes).await? {
            Ok(rows) => out.push(rows),
            Err(failure) => return Ok(Err(failure)),
        }
    }
    Ok(Ok(out))
}

async fn changes(line: &mut Line, statements: &[Rendered]) -> Result<Vec<u64>, Error> {
    let mut affected = Vec::with_capacity(statements.len());
    for statement in statements {
        affected.push(line.change(statement).await?);
    }
    Ok(affected)
}
