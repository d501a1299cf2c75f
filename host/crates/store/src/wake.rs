//! Wake-ups: a hint that something may be due, from this process or another node. Correctness rests on polling.

use std::sync::Arc;
use std::sync::{Mutex, PoisonError};

use hallpass_domain::secret::SecretText;
use hallpass_domain::{Clock, Rng, rng::RngError};
use sqlx::postgres::PgListener;
use sqlx::{Any, AnyPool};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The channel of `LISTEN` and `NOTIFY`.
const CHANNEL: &str = "hallpass_wake";

/// How long a node waits before it listens again after its connection broke, in milliseconds.
const LISTEN_AGAIN_MS: u64 = 1_000;

/// Waits for the next hint. Hints that come while nobody waits are kept as one.
pub struct Wake(watch::Receiver<u64>);

impl Wake {
    /// Completes at the next hint, or at once if one came since the last call. Never completes after the store was closed.
    pub async fn woken(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Gives the hints.
pub(crate) struct Waker {
    local: Arc<watch::Sender<u64>>,
    /// What other nodes are to be told; `None` on SQLite.
    remote: Option<watch::Sender<u64>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Waker {
    /// For one process alone.
    pub(crate) fn local() -> Self {
        Self { local: Arc::new(watch::Sender::new(0)), remote: None, tasks: Mutex::default() }
    }

    /// For one of many nodes. Two tasks: one listens, one tells; both end with [`Waker::stop`].
    pub(crate) fn among_nodes(url: SecretText, pool: AnyPool, clock: Arc<dyn Clock>, rng: &dyn Rng) -> Result<Self, RngError> {
        let local = Arc::new(watch::Sender::new(0));
        // A node does not wake itself twice.
        let node = u64::from_be_bytes(hallpass_domain::rng::bytes(rng)?).to_string();
        let (remote, dirty) = watch::channel(0);
        let listener = tokio::spawn(listen(url, Arc::clone(&local), clock, node.clone()));
        let teller = tokio::spawn(tell(pool, dirty, node));
        Ok(Self { local, remote: Some(remote), tasks: Mutex::new(vec![listener, teller]) })
    }

    pub(crate) fn subscribe(&self) -> Wake {
        Wake(self.local.subscribe())
    }

    /// Called after a commit, outside of it.
    pub(crate) fn wake(&self) {
        bump(&self.local);
        if let Some(remote) = &self.remote {
            bump(remote);
        }
    }

    pub(crate) fn stop(&self) {
        for task in self.tasks.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            task.abort();
        }
    }
}

fn bump(sender: &watch::Sender<u64>) {
    sender.send_modify(|n| *n = n.wrapping_add(1));
}

/// One `NOTIFY` for all hints that came while the last one was under way.
async fn tell(pool: AnyPool, mut dirty: watch::Receiver<u64>, node: String) {
    while dirty.changed().await.is_ok() {
        let query = sqlx::query::<Any>("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(node.as_str());
        if query.execute(&pool).await.is_err() {
            tracing::debug!("other nodes were not told of due work; they find it by polling");
        }
    }
}

async fn listen(url: SecretText, local: Arc<watch::Sender<u64>>, clock: Arc<dyn Clock>, node: String) {
    loop {
        if let Ok(mut listener) = PgListener::connect(url.expose()).await
            && listener.listen(CHANNEL).await.is_ok()
        {
            while let Ok(notification) = listener.recv().await {
                if notification.payload() != node {
                    bump(&local);
                }
            }
        }
        tracing::debug!("listening for due work broke; polling goes on");
        clock.sleep_until(clock.now().plus(LISTEN_AGAIN_MS)).await;
    }
}
