//! Idle connections, per target, revision, origin, trust and credential: what a connection was trusted with belongs to no other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use hallpass_domain::clock::{Clock, Millis, Timestamp};
use hallpass_domain::ids::TargetId;

use crate::dial::Connection;
use crate::fingerprint::Fingerprint;
use crate::origin::Origin;

/// Idle connections of one place.
const MOST_IDLE: usize = 4;
/// How long a connection is kept idle. Servers close theirs after a minute or so; ours must be the first to forget.
const IDLE_MS: Millis = 15_000;

/// Where a connection belongs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) target: TargetId,
    pub(crate) revision: i64,
    pub(crate) origin: Origin,
    /// What its roots and its client certificate are: another version of a connector may name others.
    pub(crate) trust: Fingerprint,
    /// The names of what is injected on it.
    pub(crate) credentials: Vec<String>,
}

/// All pools.
pub(crate) struct Pools {
    clock: Arc<dyn Clock>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    shelves: HashMap<Place, Vec<(Connection, Timestamp)>>,
    reaping: bool,
}

impl Pools {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, inner: Mutex::default() }
    }

    /// An open connection that nobody uses.
    pub(crate) fn take(&self, place: &Place) -> Option<Connection> {
        let now = self.clock.now();
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let shelf = inner.shelves.get_mut(place)?;
        while let Some((connection, since)) = shelf.pop() {
            if now.since(since) < IDLE_MS && connection.is_open() {
                return Some(connection);
            }
        }
        None
    }

    /// Takes a connection back whose answer was read to its end.
    pub(crate) fn give(self: &Arc<Self>, place: Place, connection: Connection) {
        if !connection.is_open() {
            return;
        }
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        // What belongs to older settings of the target is of no use any more.
        inner.shelves.retain(|other, _| other.target != place.target || other.revision >= place.revision);
        let shelf = inner.shelves.entry(place).or_default();
        if shelf.len() < MOST_IDLE {
            shelf.push((connection, self.clock.now()));
        }
        if !inner.reaping
            && let Ok(handle) = tokio::runtime::Handle::try_current()
        {
            inner.reaping = true;
            handle.spawn(reap(Arc::downgrade(self), Arc::clone(&self.clock)));
        }
    }

    /// Closes what was idle for long; says whether anything is left.
    fn sweep(&self) -> bool {
        let now = self.clock.now();
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        for shelf in inner.shelves.values_mut() {
            shelf.retain(|(connection, since)| now.since(*since) < IDLE_MS && connection.is_open());
        }
        inner.shelves.retain(|_, shelf| !shelf.is_empty());
        inner.reaping = !inner.shelves.is_empty();
        inner.reaping
    }
}

async fn reap(pools: Weak<Pools>, clock: Arc<dyn Clock>) {
    loop {
        clock.sleep_until(clock.now().plus(IDLE_MS)).await;
        match pools.upgrade() {
            Some(pools) if pools.sweep() => {}
            _ => return,
        }
    }
}
