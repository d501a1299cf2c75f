//! Warm connections, per target and database, of the newest revision of the target's settings only. A connection is lent to
//! one call at a time and cleaned before the next, which also proves that it still lives.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use hallpass_domain::clock::{Clock, Timestamp};
use hallpass_domain::ids::TargetId;
use hallpass_domain::port::Endpoint;

use super::line::Line;
use crate::limits::Limits;

type Place = (TargetId, String);

/// All pools of a runtime.
pub(crate) struct Pools {
    clock: Arc<dyn Clock>,
    idle: usize,
    idle_ms: u64,
    inner: Mutex<Inner>,
    /// Changes of one database run one at a time: they meet in the same rows of its catalogues.
    changes: Mutex<HashMap<Place, Arc<tokio::sync::Mutex<()>>>>,
}

#[derive(Default)]
struct Inner {
    /// The newest revision that was seen of each target.
    revisions: HashMap<TargetId, i64>,
    shelves: HashMap<Place, Vec<Idle>>,
    reaping: bool,
}

struct Idle {
    connection: Line,
    since: Timestamp,
}

impl Pools {
    /// No connection yet.
    pub(crate) fn new(clock: Arc<dyn Clock>, limits: &Limits) -> Self {
        let (idle, idle_ms) = (limits.idle_connections, limits.idle_ms);
        Self { clock, idle, idle_ms, inner: Mutex::default(), changes: Mutex::default() }
    }

    /// A warm connection, to be cleaned before use.
    pub(crate) fn take(&self, endpoint: &Endpoint, database: &str) -> Option<Line> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = inner.revisions.entry(endpoint.id.clone()).or_insert(endpoint.revision);
        if *seen < endpoint.revision {
            *seen = endpoint.revision;
            inner.shelves.retain(|(target, _), _| *target != endpoint.id);
        } else if *seen > endpoint.revision {
            return None;
        }
        inner.shelves.get_mut(&(endpoint.id.clone(), database.to_owned()))?.pop().map(|idle| idle.connection)
    }

    /// Takes a connection back that is outside of any transaction and has nothing unread.
    pub(crate) fn give(self: &Arc<Self>, place: Place, revision: i64, connection: Line) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.revisions.get(&place.0) != Some(&revision) {
            return;
        }
        let shelf = inner.shelves.entry(place).or_default();
        if shelf.len() < self.idle {
            shelf.push(Idle { connection, since: self.clock.now() });
        }
        // A call may end outside of the runtime, when its future is dropped during shutdown.
        if !inner.reaping
            && let Ok(handle) = tokio::runtime::Handle::try_current()
        {
            inner.reaping = true;
            handle.spawn(reap(Arc::downgrade(self), Arc::clone(&self.clock), self.idle_ms));
        }
    }

    /// The lock under which changes of a database run.
    pub(crate) fn change_lock(&self, target: &TargetId, database: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(changes.entry((target.clone(), database.to_owned())).or_default())
    }

    /// Closes what has been idle for long; says whether anything is left.
    fn sweep(&self) -> bool {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        for shelf in inner.shelves.values_mut() {
            shelf.retain(|idle| now.since(idle.since) < self.idle_ms);
        }
        inner.shelves.retain(|_, shelf| !shelf.is_empty());
        inner.reaping = !inner.shelves.is_empty();
        inner.reaping
    }
}

async fn reap(pools: Weak<Pools>, clock: Arc<dyn Clock>, idle_ms: u64) {
    loop {
        clock.sleep_until(clock.now().plus(idle_ms)).await;
        match pools.upgrade() {
            Some(pools) if pools.sweep() => {}
            _ => return,
        }
    }
}

/// A connection that is lent out. Dropped in the middle of anything, it is closed: the server then rolls back.
pub(crate) struct Lease {
    pools: Arc<Pools>,
    place: Place,
    revision: i64,
    connection: Option<Line>,
    dirty: bool,
}

impl Lease {
    /// Lends `connection` out.
    pub(crate) fn new(pools: Arc<Pools>, endpoint: &Endpoint, database: &str, connection: Line) -> Self {
        let place = (endpoint.id.clone(), database.to_owned());
        Self { pools, place, revision: endpoint.revision, connection: Some(connection), dirty: true }
    }

    /// The connection, for a piece of work that begins now; `None` when it broke before. Until [`Lease::rest`] it does not go
    /// back to the pool.
    pub(crate) fn work(&mut self) -> Option<&mut Line> {
        self.dirty = true;
        self.connection.as_mut()
    }

    /// The work ended: outside of any transaction, with nothing unread.
    pub(crate) fn rest(&mut self) {
        self.dirty = false;
    }

    /// The connection is of no use any more.
    pub(crate) fn discard(&mut self) {
        self.connection = None;
    }

    /// The database that it is connected to.
    pub(crate) fn database(&self) -> &str {
        &self.place.1
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // A session on a stage belongs to one call.
        if let Some(connection) = self.connection.take().filter(|line| !self.dirty && matches!(line, Line::Server(_))) {
            self.pools.give(self.place.clone(), self.revision, connection);
        }
    }
}
