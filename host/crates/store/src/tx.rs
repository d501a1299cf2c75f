//! Transactions: the only way to write. One that changed something does not commit without an event of it (law 14).

use hallpass_domain::event::Event;
use hallpass_domain::ids::EventId;
use sqlx::{Any, SqlSafeStr, Transaction};

use crate::error::{StoreError, StoreResult, classify};
use crate::events::Said;
use crate::reads::Reads;
use crate::sql::{Conn, Row, Value};
use crate::store::Store;

/// Writes that need no event, because they change nothing that anyone could ask about later. The list is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bookkeeping {
    /// Locks a row that a rule over several rows hangs on.
    Anchor,
    /// Who works on an operation, or holds a named lease.
    Lease,
    /// A session token, an assertion that was spent, and the removal of expired ones.
    Session,
    /// Indexes, tree and checkpoints of the log itself.
    Sequencer,
    /// The answer to a call with an idempotency key.
    Idempotency,
    /// When something is looked at next.
    Due,
    /// Broken rules in a row, before anything follows from them.
    Strike,
}

/// A running transaction. Made by [`run_tx!`](crate::run_tx).
pub struct Tx {
    store: Store,
    name: &'static str,
    inner: Transaction<'static, Any>,
    changed: bool,
    kept: bool,
    wakes: bool,
    /// Events that are written with the commit: few statements for all of them.
    said: Vec<Said>,
    broken: bool,
}

impl Tx {
    pub(crate) fn new(store: Store, name: &'static str, inner: Transaction<'static, Any>) -> Self {
        Self { store, name, inner, changed: false, kept: false, wakes: false, said: Vec::new(), broken: false }
    }

    /// The store that it writes to.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Lookups that see what this transaction wrote.
    pub fn reads(&mut self) -> Reads<'_> {
        Reads::new(self.store.clone(), Conn::Tx { connection: &mut self.inner, broken: &mut self.broken })
    }

    /// Says what happened. The event is encoded with the store's clock and randomness, and its row is written as the last thing
    /// before the commit, with those of the other events of this transaction and in their order. Call it after the compare-and-set of
    /// the change, so that ids and rows order the events of one aggregate.
    #[expect(clippy::unused_async, reason = "when the row is written is not the caller's business")]
    pub async fn emit(&mut self, event: Event) -> StoreResult<EventId> {
        let at = self.store.now();
        let id = self.store.event_id(at)?;
        let (grant, request) = (event.grant.clone(), event.request.clone());
        let encoded = event.encode(id, at, &*self.store.inner.rng)?;
        let id = encoded.id.clone();
        self.said.push(Said { encoded, grant, request });
        Ok(id)
    }

    fn conn(&mut self) -> Conn<'_> {
        Conn::Tx { connection: &mut self.inner, broken: &mut self.broken }
    }

    /// A write that wants an event; how many rows it touched.
    pub(crate) async fn change(&mut self, table: &'static str, sql: impl SqlSafeStr, args: Vec<Value>) -> StoreResult<u64> {
        let rows = self.conn().run(table, sql, args).await?;
        self.changed |= rows > 0;
        Ok(rows)
    }

    /// As [`Tx::change`], returning the first row.
    pub(crate) async fn change_one(&mut self, table: &'static str, sql: impl SqlSafeStr, args: Vec<Value>) -> StoreResult<Option<Row>> {
        let row = self.conn().one(table, sql, args).await?;
        self.changed |= row.is_some();
        Ok(row)
    }

    /// A compare-and-set: exactly one row, else [`StoreError::Stale`].
    pub(crate) async fn swap(
        &mut self,
        (noun, id): (&'static str, &str),
        table: &'static str,
        sql: impl SqlSafeStr,
        args: Vec<Value>,
    ) -> StoreResult<()> {
        if self.change(table, sql, args).await? == 1 { Ok(()) } else { Err(StoreError::Stale { noun, id: id.to_owned() }) }
    }

    /// A write of the closed list; how many rows it touched.
    pub(crate) async fn keep(
        &mut self,
        _why: Bookkeeping,
        table: &'static str,
        sql: impl SqlSafeStr,
        args: Vec<Value>,
    ) -> StoreResult<u64> {
        let rows = self.conn().run(table, sql, args).await?;
        self.kept |= rows > 0;
        Ok(rows)
    }

    /// As [`Tx::keep`], for one that makes work due.
    pub(crate) async fn keep_and_wake(
        &mut self,
        why: Bookkeeping,
        table: &'static str,
        sql: impl SqlSafeStr,
        args: Vec<Value>,
    ) -> StoreResult<u64> {
        let rows = self.keep(why, table, sql, args).await?;
        self.wakes |= rows > 0;
        Ok(rows)
    }

    /// As [`Tx::keep`], returning every row.
    pub(crate) async fn keep_all(
        &mut self,
        _why: Bookkeeping,
        table: &'static str,
        sql: impl SqlSafeStr,
        args: Vec<Value>,
    ) -> StoreResult<Vec<Row>> {
        let rows = self.conn().all(table, sql, args).await?;
        self.kept |= !rows.is_empty();
        Ok(rows)
    }

    /// As [`Tx::keep`], returning the first row.
    pub(crate) async fn keep_one(
        &mut self,
        why: Bookkeeping,
        table: &'static str,
        sql: impl SqlSafeStr,
        args: Vec<Value>,
    ) -> StoreResult<Option<Row>> {
        Ok(self.keep_all(why, table, sql, args).await?.into_iter().next())
    }

    /// Commits. Not to be called directly.
    #[doc(hidden)]
    pub async fn commit(mut self) -> StoreResult<()> {
        if self.changed && self.said.is_empty() || self.broken {
            let error = if self.broken { StoreError::Broken } else { StoreError::NoEvent };
            tracing::error!(transaction = self.name, error = error.to_string(), "a transaction was not committed");
            self.rollback().await;
            return Err(error);
        }
        let said = std::mem::take(&mut self.said);
        if let Err(error) = self.insert_events(&said).await {
            self.rollback().await;
            return Err(error);
        }
        let wrote = self.changed || self.kept;
        let wakes = self.changed || self.wakes;
        self.inner.commit().await.map_err(|e| classify("a commit", &e))?;
        if wrote {
            self.store.count_commit(self.name);
        }
        if wakes {
            self.store.inner.waker.wake();
        }
        Ok(())
    }

    /// Rolls back. Not to be called directly.
    #[doc(hidden)]
    pub async fn rollback(self) {
        if let Err(error) = self.inner.rollback().await {
            // The connection is thrown away, and the server undoes what it did not commit.
            tracing::debug!(transaction = self.name, error = classify("a rollback", &error).to_string(), "a rollback failed");
        }
    }
}

/// How often a transaction is tried before its last error is given back.
const MOST_TRIES: u32 = 8;

/// Counts the tries of one transaction. Used by [`run_tx!`](crate::run_tx).
#[doc(hidden)]
pub struct Tries {
    name: &'static str,
    tries: u32,
}

impl Tries {
    /// No try yet.
    pub fn new(name: &'static str) -> Self {
        Self { name, tries: 1 }
    }

    /// Whether there is another try. Others get their turn first.
    pub async fn again(&mut self, store: &Store) -> bool {
        if self.tries >= MOST_TRIES {
            return false;
        }
        self.tries += 1;
        store.count(self.name, |c| c.retries += 1);
        tokio::task::yield_now().await;
        true
    }
}

/// Tells the compiler what an async block gives, so that `?` works in it.
#[doc(hidden)]
pub fn typed<T, F: Future<Output = T>>(future: F) -> F {
    future
}

/// Runs a transaction: `run_tx!(store, "grant.revoke", |tx| -> Result<T, E> { … })`.
///
/// The body is async, has `tx: &mut Tx`, and may use `?` and `return`. `Ok` commits, `Err` rolls back. Where others changed the
/// same rows at the same moment, the body runs again, from the beginning and a bounded number of times: it must read what it
/// decides on itself, and must have no effect outside of the transaction. `E: From<StoreError> + MaybeRetry`. It may not move
/// anything in from outside.
#[macro_export]
macro_rules! run_tx {
    ($store:expr, $name:literal, |$tx:ident| -> $result:ty $body:block) => {{
        let store: $crate::Store = ::std::clone::Clone::clone(&$store);
        let mut tries = $crate::Tries::new($name);
        loop {
            let mut begun = match store.begin($name).await {
                Ok(begun) => begun,
                Err(error) if $crate::MaybeRetry::may_retry(&error) && tries.again(&store).await => continue,
                Err(error) => {
                    let failed: $result = Err(::std::convert::From::from(error));
                    break failed;
                }
            };
            let result: $result = {
                let $tx: &mut $crate::Tx = &mut begun;
                $crate::typed::<$result, _>(async { $body }).await
            };
            match result {
                Ok(value) => match begun.commit().await {
                    Ok(()) => {
                        let done: $result = Ok(value);
                        break done;
                    }
                    Err(error) if $crate::MaybeRetry::may_retry(&error) && tries.again(&store).await => {}
                    Err(error) => {
                        let failed: $result = Err(::std::convert::From::from(error));
                        break failed;
                    }
                },
                Err(error) => {
                    begun.rollback().await;
                    if !($crate::MaybeRetry::may_retry(&error) && tries.again(&store).await) {
                        let failed: $result = Err(error);
                        break failed;
                    }
                }
            }
        }
    }};
}
