//! The capability `sql`: declared statements on a connection that the host holds.

pub(crate) mod connect;
pub(crate) mod error;
pub(crate) mod fence;
pub(crate) mod line;
pub(crate) mod look;
pub(crate) mod pool;
pub(crate) mod session;
pub(crate) mod statement;
pub(crate) mod values;

use std::sync::Arc;

use hallpass_domain::clock::Timestamp;
use hallpass_domain::port::{Failure, FailureKind};
use wasmtime::Result;
use wasmtime::component::Resource;

use self::line::Found;
use self::session::{Purpose, Session};
use self::statement::Statement;
use self::statement::render::{Argument, Rendered};
use self::values::Value;
use crate::bindings::hallpass::connector::{sql, types};
use crate::call::{Call, to_guest};
use crate::frame::Frame;
use crate::hostile_text;
use crate::manifest::document::{self, Effect};

/// A session, as the guest holds it.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct SessionHandle(Session);

type Answer<T> = Result<std::result::Result<T, types::Failure>>;

/// A failure for the guest, or a trap.
enum Stop {
    Failure(Failure),
    Trap(wasmtime::Error),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<wasmtime::component::ResourceTableError> for Stop {
    fn from(error: wasmtime::component::ResourceTableError) -> Self {
        Self::Trap(error.into())
    }
}

fn refuse(kind: FailureKind, code: &str, message: impl Into<String>) -> Stop {
    Stop::Failure(Failure::none(kind, code, message))
}

impl Call {
    fn answer<T>(&self, done: std::result::Result<T, Stop>) -> Answer<T> {
        match done {
            Ok(value) => Ok(Ok(value)),
            Err(Stop::Failure(mut failure)) => {
                failure.message = self.vault.redact(&failure.message);
                Ok(Err(to_guest(failure)))
            }
            Err(Stop::Trap(error)) => Err(error),
        }
    }

    fn declared<'f>(&mut self, frame: &'f Frame, step: &sql::Step) -> std::result::Result<&'f Statement, Stop> {
        self.sql.statements += 1;
        if self.sql.statements > frame.services.limits.sql_statements {
            return Err(refuse(FailureKind::RateLimited, "too-many-statements", "a call may not run so many statements"));
        }
        let statement = frame.manifest.statements.get(&step.statement).ok_or_else(|| {
            let message = format!("the manifest declares no statement `{}`", hostile_text::line(&step.statement, 64));
            refuse(FailureKind::Unsupported, "statement-not-declared", message)
        })?;
        statement.check_call(frame.kind)?;
        frame.permit("statement", &statement.name)?;
        Ok(statement)
    }

    async fn render(&mut self, frame: &Frame, statement: &Statement, step: &sql::Step) -> std::result::Result<Rendered, Stop> {
        let mut arguments = Vec::with_capacity(step.arguments.len());
        for argument in &step.arguments {
            arguments.push(match argument {
                sql::Argument::Identifier(text) => Argument::Identifier(text.clone()),
                sql::Argument::Text(text) => Argument::Text(text.clone()),
                sql::Argument::Integer(n) => Argument::Integer(*n),
                sql::Argument::Boolean(b) => Argument::Boolean(*b),
                sql::Argument::Instant(ms) => Argument::Instant(Timestamp(i64::try_from(*ms).unwrap_or(i64::MAX))),
                sql::Argument::Secret(handle) => {
                    let secret = self.table.get(handle)?;
                    Argument::Verifier(self.vault.verifier(secret, frame.services.rng.as_ref()).await?)
                }
            });
        }
        Ok(statement.render(frame.frozen(), &arguments)?)
    }

    async fn open_session(&mut self, for_holding: bool, wanted: Option<String>) -> std::result::Result<Resource<SessionHandle>, Stop> {
        let frame = Arc::clone(&self.frame);
        if self.sql.sessions >= frame.services.limits.sql_sessions {
            return Err(refuse(FailureKind::RateLimited, "too-many-sessions", "a call may not hold so many sessions: drop one first"));
        }
        // What is taken away may lie in a database that is gone: `revoke` may start from the target's own.
        let from_home = frame.kind == document::Call::Revoke && !for_holding;
        let own = if from_home { connect::home(&frame.manifest, &frame.call.endpoint)? } else { database(&frame)? };
        let database = match wanted {
            None => own,
            Some(name) if name == own => own,
            Some(name) if frame.kind == document::Call::Revoke && self.sql.databases.contains(&name) => name,
            Some(name) => {
                let message = format!(
                    "the database `{}` is not the resource's: another one opens only in `revoke`, and only if a declared statement named it in this call",
                    hostile_text::line(&name, 64)
                );
                return Err(refuse(FailureKind::Forbidden, "database-not-approved", message));
            }
        };
        let purpose = if frame.kind.changes() { Purpose::Change } else { Purpose::Look };
        let session = Session::open(&frame, &database, purpose).await?;
        let handle = self.table.push(SessionHandle(session))?;
        self.sql.sessions += 1;
        Ok(handle)
    }

    async fn run_query(&mut self, handle: &Resource<SessionHandle>, step: sql::Step, limit: u32) -> std::result::Result<sql::Page, Stop> {
        let frame = Arc::clone(&self.frame);
        let statement = self.declared(&frame, &step)?;
        if statement.effect != Effect::Read {
            let message = format!("statement `{}` changes something: run it with `transact`", statement.name);
            return Err(refuse(FailureKind::Unsupported, "not-a-read", message));
        }
        let text = self.render(&frame, statement, &step).await?;
        let limits = &frame.services.limits;
        let most = usize::try_from(limit.min(limits.sql_rows)).unwrap_or(usize::MAX);
        let bytes = limits.sql_bytes.saturating_sub(self.sql.bytes);
        let session = &mut self.table.get_mut(handle)?.0;
        let rows = session.query(&frame, text, most, bytes).await?;
        self.sql.bytes += rows.rows.iter().flatten().map(|(_, v)| v.size()).sum::<usize>();
        if statement.databases {
            self.learn_databases(statement, &rows)?;
        }
        Ok(page(rows))
    }

    /// Databases that this row set names may be opened by the rest of the call.
    fn learn_databases(&mut self, statement: &Statement, rows: &Found) -> std::result::Result<(), Stop> {
        for row in &rows.rows {
            match row.iter().find(|(column, _)| column == "database") {
                Some((_, Value::Text(name))) => {
                    self.sql.databases.insert(name.clone());
                }
                Some((_, Value::Null)) => {}
                _ => {
                    let message = format!("statement `{}` has no text column `database`, which its declaration promises", statement.name);
                    return Err(refuse(FailureKind::Internal, "no-database-column", message));
                }
            }
        }
        Ok(())
    }

    async fn run_transact(&mut self, handle: &Resource<SessionHandle>, steps: Vec<sql::Step>) -> std::result::Result<Vec<u64>, Stop> {
        let frame = Arc::clone(&self.frame);
        if !frame.kind.changes() {
            let message = format!("`{}` must change nothing", frame.kind.word());
            return Err(refuse(FailureKind::Forbidden, "no-change-here", message));
        }
        let mut texts = Vec::with_capacity(steps.len());
        for step in &steps {
            let statement = self.declared(&frame, step)?;
            if statement.effect == Effect::Read {
                let message = format!(
                    "statement `{}` is declared as a read, and what `transact` runs may change something: run it with `query`",
                    statement.name
                );
                return Err(refuse(FailureKind::Unsupported, "not-a-change", message));
            }
            texts.push(self.render(&frame, statement, step).await?);
        }
        let session = &mut self.table.get_mut(handle)?.0;
        Ok(session.transact(&frame, &texts).await?)
    }
}

/// The database of a call: the resource's, else the target's own.
pub(crate) fn database(frame: &Frame) -> std::result::Result<String, Failure> {
    match frame.wish.as_ref().and_then(|w| w.resource.segment("database")) {
        Some(name) => Ok(name.to_owned()),
        None => connect::home(&frame.manifest, &frame.call.endpoint),
    }
}

fn page(rows: Found) -> sql::Page {
    let columns = rows.rows.first().map(|row| row.iter().map(|(column, _)| column.clone()).collect()).unwrap_or_default();
    let value = |value| match value {
        Value::Null => sql::Value::Null,
        Value::Boolean(b) => sql::Value::Boolean(b),
        Value::Integer(n) => sql::Value::Integer(n),
        Value::Text(text) => sql::Value::Text(text),
        Value::Bytes(bytes) => sql::Value::Bytes(bytes),
        Value::Instant(ms) => sql::Value::Instant(ms),
        Value::Texts(texts) => sql::Value::Texts(texts),
    };
    let rows_of = rows.rows.into_iter().map(|row| row.into_iter().map(|(_, v)| value(v)).collect()).collect();
    sql::Page { columns, rows: rows_of, truncated: rows.truncated }
}

impl sql::Host for Call {
    async fn open(
        &mut self,
        _: Resource<super::host::InvocationHandle>,
        want: Option<Resource<super::host::HoldingHandle>>,
        database: Option<String>,
    ) -> Answer<Resource<SessionHandle>> {
        // There is one holding per call: whether it is named is all that the handle says.
        let done = self.open_session(want.is_some(), database).await;
        self.answer(done)
    }
}

impl sql::HostSession for Call {
    async fn query(&mut self, handle: Resource<SessionHandle>, step: sql::Step, limit: u32) -> Answer<sql::Page> {
        let done = self.run_query(&handle, step, limit).await;
        self.answer(done)
    }

    async fn transact(&mut self, handle: Resource<SessionHandle>, steps: Vec<sql::Step>) -> Answer<Vec<u64>> {
        let done = self.run_transact(&handle, steps).await;
        self.answer(done)
    }

    async fn drop(&mut self, handle: Resource<SessionHandle>) -> Result<()> {
        self.table.delete(handle)?;
        self.sql.sessions = self.sql.sessions.saturating_sub(1);
        Ok(())
    }
}
