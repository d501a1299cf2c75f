//! The store itself: pools, clock, randomness, and what it counts.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hallpass_domain::event::EventError;
use hallpass_domain::ids::{EventId, InstallationId};
use hallpass_domain::{Clock, Rng, Timestamp};
use sqlx::{AnyPool, SqlStr};

use crate::dialect::Backend;
use crate::error::{MaybeRetry as _, StoreError, StoreResult, classify};
use crate::folder::FolderLock;
use crate::reads::Reads;
use crate::sql::{Conn, Row, Value};
use crate::tx::{Bookkeeping, Tries, Tx};
use crate::wake::{Wake, Waker};

/// The durable records of one installation. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
    pub(crate) identity: Arc<Identity>,
}

pub(crate) struct Identity {
    pub(crate) installation: InstallationId,
    pub(crate) is_new: bool,
}

pub(crate) struct Inner {
    pub(crate) backend: Backend,
    /// SQLite: one connection. PostgreSQL: the same pool as `readers`.
    pub(crate) writers: AnyPool,
    pub(crate) readers: AnyPool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
    /// Added to PostgreSQL's time; zero outside of tests.
    pub(crate) offset_ms: AtomicI64,
    pub(crate) waker: Waker,
    pub(crate) last_event: Mutex<Option<ulid::Ulid>>,
    pub(crate) commits: AtomicU64,
    pub(crate) counted: Mutex<BTreeMap<&'static str, TxCount>>,
    /// Held for as long as the store lives.
    pub(crate) _folder: Option<FolderLock>,
}

/// How often a named transaction ran in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TxCount {
    /// Committed.
    pub commits: u64,
    /// Tried again because others were changing the same rows.
    pub retries: u64,
}

impl Store {
    /// The id that every stamp of this installation begins with.
    pub fn installation(&self) -> &InstallationId {
        &self.identity.installation
    }

    /// Whether this process found the database empty and made the installation.
    pub fn is_new(&self) -> bool {
        self.identity.is_new
    }

    /// Which database is behind it.
    pub fn backend(&self) -> Backend {
        self.inner.backend
    }

    /// The injected clock's time.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// Lookups outside of a transaction: each statement sees what is committed when it runs.
    pub async fn reads(&self) -> StoreResult<Reads<'static>> {
        let connection = self.inner.readers.acquire().await.map_err(|e| classify("a reader", &e))?;
        Ok(Reads::new(self.clone(), Conn::Alone(connection)))
    }

    /// A hint that something may be due.
    pub fn wake(&self) -> Wake {
        self.inner.waker.subscribe()
    }

    /// Durable commits made by this process so far.
    pub fn begin_commits(&self) -> u64 {
        self.inner.commits.load(Ordering::Relaxed)
    }

    /// Commits and retries by the name of the transaction.
    pub fn tx_counts(&self) -> BTreeMap<&'static str, TxCount> {
        self.inner.counted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Moves the database's time as this store sees it. For tests on PostgreSQL; without effect on SQLite, which has the
    /// injected clock.
    pub fn set_offset_ms(&self, offset_ms: i64) {
        self.inner.offset_ms.store(offset_ms, Ordering::Relaxed);
    }

    /// How far the store's time is ahead of this process's clock, in milliseconds. A node that is more than a second off is not
    /// ready.
    pub async fn skew_ms(&self) -> StoreResult<i64> {
        Ok(self.reads().await?.store_now().await?.0.saturating_sub(self.now().0))
    }

    /// Closes every connection, after the running transactions. The folder's lock goes with the last clone.
    pub async fn close(&self) {
        self.inner.waker.stop();
        self.inner.readers.close().await;
        self.inner.writers.close().await;
    }

    /// Begins a transaction. Not to be called directly: [`run_tx!`](crate::run_tx) commits, rolls back and tries again.
    #[doc(hidden)]
    pub async fn begin(&self, name: &'static str) -> StoreResult<Tx> {
        let begun = self.inner.writers.begin_with(self.inner.backend.begin()).await;
        Ok(Tx::new(self.clone(), name, begun.map_err(|e| not_begun("a transaction", &e))?))
    }

    /// Runs one write of the closed list as a transaction of its own, in one round trip instead of three. Where others got in the way, or
    /// a connection has gone, it is run again: what a first run committed unseen stays, as what a claim took until its lease ends.
    pub(crate) async fn keep_alone(
        &self,
        name: &'static str,
        _why: Bookkeeping,
        table: &'static str,
        sql: &SqlStr,
        args: &[Value],
    ) -> StoreResult<Vec<Row>> {
        let mut tries = Tries::new(name);
        loop {
            let done = async { Conn::rows(&mut *self.inner.writers.acquire().await?, table, sql.clone(), args.to_vec()).await };
            match done.await.map_err(|e| not_begun(table, &e)) {
                Ok(rows) => {
                    if !rows.is_empty() {
                        self.count_commit(name);
                    }
                    return Ok(rows);
                }
                Err(error) if error.may_retry() && tries.again(self).await => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) fn count_commit(&self, name: &'static str) {
        self.inner.commits.fetch_add(1, Ordering::Relaxed);
        self.count(name, |c| c.commits += 1);
    }

    pub(crate) fn count(&self, name: &'static str, change: impl FnOnce(&mut TxCount)) {
        change(self.inner.counted.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default());
    }

    /// `$1` of statements that use the store's time.
    pub(crate) fn time_argument(&self) -> i64 {
        match self.inner.backend {
            Backend::Sqlite => self.now().0,
            Backend::Postgres => self.inner.offset_ms.load(Ordering::Relaxed),
        }
    }

    /// A new event id, greater than every earlier one of this process: ids order the events of one aggregate, also those of one
    /// millisecond (ULID specification, monotonicity).
    pub(crate) fn event_id(&self, now: Timestamp) -> Result<EventId, EventError> {
        let fresh = EventId::new(now, &*self.inner.rng)?;
        let parse = |id: &EventId| {
            let text = id.as_str().trim_start_matches(EventId::PREFIX);
            ulid::Ulid::from_string(text).map_err(|e| EventError::Encoding(e.to_string()))
        };
        let fresh_ulid = parse(&fresh)?;
        let mut last = self.inner.last_event.lock().unwrap_or_else(PoisonError::into_inner);
        match *last {
            Some(earlier) if fresh_ulid <= earlier => {
                let next = earlier.increment().ok_or_else(|| EventError::Encoding("the ids of this millisecond are used up".into()))?;
                let text = format!("{}{}", EventId::PREFIX, next.to_string().to_ascii_lowercase());
                let id = text.parse().map_err(|e: hallpass_domain::name::NameError| EventError::Encoding(e.to_string()))?;
                *last = Some(next);
                Ok(id)
            }
            _ => {
                *last = Some(fresh_ulid);
                Ok(fresh)
            }
        }
    }
}

/// Where an idle connection has gone, the next try takes another one: of a transaction that did not begin, nothing was sent yet.
fn not_begun(what: &'static str, error: &sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Io(e) if e.kind() != std::io::ErrorKind::ConnectionRefused => StoreError::Contended,
        // `admin_shutdown`: what the server said to the connection while it was idle.
        sqlx::Error::Database(e) if e.code().as_deref() == Some("57P01") => StoreError::Contended,
        other => classify(what, other),
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.waker.stop();
    }
}
