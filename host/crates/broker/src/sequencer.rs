//! The sequencer: gives events their index in the log, extends the tree and signs a checkpoint. One at a time by lease, on any
//! node.

use hallpass_audit::{Checkpoint, Hash, Tree};
use hallpass_domain::ids::{Digest, EventId};
use hallpass_keyring::KeyKind;
use hallpass_store::run_tx;
use tokio_util::sync::CancellationToken;

use crate::Broker;
use crate::error::BrokerError;
use crate::log::log_origin;

/// The most events that get their index in one commit.
const BATCH: u32 = 256;
/// How long a batch may wait to fill up.
const WAIT_MS: u64 = 100;
/// How long the sequencer's lease lasts.
const LEASE_MS: u64 = 10_000;
/// The name of the lease.
const LEASE: &str = "sequencer";

impl Broker {
    /// Sequences until stopped.
    pub(crate) async fn sequence(&self, stop: CancellationToken) {
        loop {
            if let Err(e) = self.sequence_once().await {
                tracing::warn!(cause = %e, "the log could not be sequenced; it is tried again");
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.clock.sleep_until(self.clock.now().plus(WAIT_MS)) => {}
            }
        }
        if let Err(e) = self.sequence_once().await {
            tracing::warn!(cause = %e, "the last events have no index yet; the next start gives them one");
        }
    }

    /// Sequences everything that is there, if this node holds the lease.
    pub(crate) async fn sequence_once(&self) -> Result<(), BrokerError> {
        if self.store.reads().await?.unsequenced_oldest().await?.is_none() {
            return self.keep_checkpoint().await;
        }
        let fence = run_tx!(self.store, "log.lease", |tx| -> Result<Option<i64>, BrokerError> {
            Ok(tx.acquire_named(LEASE, &self.owner, LEASE_MS).await?)
        })?;
        let Some(fence) = fence else {
            return self.keep_checkpoint().await;
        };
        while self.sequence_batch(fence).await? {}
        self.keep_checkpoint().await
    }

    async fn sequence_batch(&self, fence: i64) -> Result<bool, BrokerError> {
        let kept = self.witness.checkpoint(&self.log_key()?).await?;
        run_tx!(self.store, "log.sequence", |tx| -> Result<bool, BrokerError> {
            if !tx.check_named(LEASE, &self.owner, fence).await? {
                return Ok(false);
            }
            let batch = tx.reads().unsequenced(BATCH).await?;
            if batch.is_empty() {
                return Ok(false);
            }
            let mut tree = match tx.reads().tree_state().await? {
                Some(bytes) => Tree::from_bytes(&bytes).map_err(|e| BrokerError::Internal(e.to_string()))?,
                None => Tree::new(),
            };
            // What was signed is never signed over with something else.
            self.witness.compare(kept.as_ref(), tree.size(), tree.root())?;
            let first = tree.size();
            let mut ids: Vec<EventId> = Vec::with_capacity(batch.len());
            for event in &batch {
                tree.append(Hash::of_leaf(&event.bytes));
                ids.push(event.id.clone());
            }
            let note = Checkpoint::of(&log_origin(&self.store), &tree)
                .sign(self.key(KeyKind::Audit)?)
                .map_err(|e| BrokerError::Internal(e.to_string()))?;
            tx.assign_indexes(first, &ids).await?;
            tx.put_tree_state(&tree.to_bytes()).await?;
            tx.put_checkpoint(tree.size(), &Digest(tree.root().0), &note).await?;
            Ok(batch.len() == BATCH as usize)
        })
    }

    /// Keeps the newest checkpoint in a file beside the database.
    async fn keep_checkpoint(&self) -> Result<(), BrokerError> {
        let Some(newest) = self.store.reads().await?.latest_checkpoint().await? else { return Ok(()) };
        self.witness.keep(newest.note, &self.log_key()?).await
    }
}
