//! The log as its readers see it: events, the signed checkpoint, and the proof that it is whole.

use hallpass_audit::{Entry, LogCheck, Report, VerifierKey, Which};
use hallpass_domain::event;
use hallpass_domain::secret::Signer;
use hallpass_keyring::KeyKind;
use hallpass_policy::{Action, ResourceFacts};
use hallpass_store::{Counts, Labels, Store};

use crate::Broker;
use crate::context::OpContext;
use crate::error::BrokerError;
use crate::views::{EventFilter, EventView, Readiness};

/// Leaves that are read at once while the log is checked.
const CHUNK: u64 = 1_000;
/// An event that waits longer for its index means that the sequencer does not run.
const STALE_LOG_MS: u64 = 10_000;
/// A node whose clock is further off the database's takes no calls.
const MOST_SKEW_MS: u64 = 1_000;

impl Broker {
    /// Events in the order of the store.
    pub async fn events(
        &self,
        ctx: &OpContext,
        filter: EventFilter,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Vec<EventView>, BrokerError> {
        match &filter.grant {
            // Whoever may see a grant may see its story.
            Some(grant) => drop(self.grant_for(ctx, grant, Action::GrantRead).await?),
            None => ctx.authorize(Action::AuditRead, ResourceFacts::Installation)?,
        }
        let query = hallpass_store::EventFilter { subject: filter.subject, grant: filter.grant, request: filter.request };
        let limit = if limit == 0 { 100 } else { limit.min(1_000) };
        let rows = self.store.reads().await?.events(&query, after.unwrap_or(0), limit).await?;
        rows.into_iter()
            .map(|row| {
                let leaf = serde_json::from_slice(&row.bytes).map_err(|e| BrokerError::Internal(format!("a leaf is no JSON: {e}")))?;
                Ok(EventView { seq: row.seq, index: row.index, id: row.id, kind: row.kind.to_string(), at: row.at, leaf })
            })
            .collect()
    }

    /// The newest signed checkpoint (C2SP tlog-checkpoint).
    pub async fn checkpoint(&self, ctx: &OpContext) -> Result<Option<String>, BrokerError> {
        ctx.authorize(Action::AuditRead, ResourceFacts::Installation)?;
        Ok(self.store.reads().await?.latest_checkpoint().await?.map(|c| c.note))
    }

    /// Proves the log whole against its signed checkpoint, the one beside the database, and one that was kept elsewhere.
    pub async fn verify_log(&self, ctx: &OpContext, external: Option<&str>) -> Result<Report, BrokerError> {
        ctx.authorize(Action::AuditRead, ResourceFacts::Installation)?;
        let beside = self.witness.note().await?;
        let notes = [(Which::Beside, beside.as_deref()), (Which::External, external)];
        let notes: Vec<_> = notes.into_iter().filter_map(|(which, note)| Some((which, note?))).collect();
        verify_store(&self.store, &self.log_key()?, &notes).await
    }

    /// The public key of the log's checkpoints.
    pub fn log_key(&self) -> Result<VerifierKey, BrokerError> {
        VerifierKey::new(&log_origin(&self.store), self.key(KeyKind::Audit)?.public_key()).map_err(|e| BrokerError::Internal(e.to_string()))
    }

    /// Whether this node should get traffic.
    pub async fn readiness(&self) -> Readiness {
        let mut problems: Vec<String> = self.witness.doubt().into_iter().collect();
        match self.oldest_unsequenced_ms().await {
            Ok(age) if age > STALE_LOG_MS => {
                problems.push(format!("events wait {age} ms for their place in the log: the sequencer does not run"));
            }
            Ok(_) => {}
            Err(_) => problems.push("the store does not answer".into()),
        }
        match self.store.skew_ms().await {
            Ok(skew) if skew.unsigned_abs() > MOST_SKEW_MS => {
                problems.push(format!("this node's clock is {skew} ms off the database's: set it by NTP"));
            }
            // That the store does not answer is said already.
            Ok(_) | Err(_) => {}
        }
        Readiness { ready: problems.is_empty(), problems }
    }

    async fn oldest_unsequenced_ms(&self) -> Result<u64, BrokerError> {
        let oldest = self.store.reads().await?.unsequenced_oldest().await?;
        Ok(oldest.map_or(0, |at| self.clock.now().since(at)))
    }

    /// Whether the caller may read the metrics.
    pub fn may_read_metrics(&self, ctx: &OpContext) -> Result<(), BrokerError> {
        ctx.authorize(Action::MetricsRead, ResourceFacts::Installation)
    }

    /// How many targets do not answer this node.
    pub fn targets_down(&self) -> u64 {
        self.breakers.open().len() as u64
    }

    /// Numbers for metrics.
    pub async fn counts(&self) -> Result<Counts, BrokerError> {
        Ok(self.store.reads().await?.counts(self.clock.now(), self.settings.overdue_grace_ms).await?)
    }
}

/// The name of a store's log in checkpoints (C2SP origin). It belongs to the installation: a broker that moves to another address
/// keeps its log.
pub fn log_origin(store: &Store) -> String {
    format!("hallpass-{}/log", store.installation().as_str())
}

/// Checks the log of a store that no broker need run on, against its own checkpoint and these.
pub async fn verify_store(store: &Store, key: &VerifierKey, others: &[(Which, &str)]) -> Result<Report, BrokerError> {
    let mut reads = store.reads().await?;
    let stored = reads.latest_checkpoint().await?.map(|c| c.note);
    let mut notes: Vec<_> = stored.iter().map(|note| (Which::Stored, note.as_str())).collect();
    notes.extend_from_slice(others);
    let mut check = LogCheck::new(key, &notes);
    if !reads.keys().await?.iter().filter(|k| k.kind == "audit").all(|k| is_key(key, store, &k.public_hex)) {
        check.other_key();
    }
    let mut from = 0;
    loop {
        let leaves = reads.leaves(from, from + CHUNK).await?;
        let Some(last) = leaves.last() else { break };
        let values = reads.leaf_values(from, last.index + 1).await?;
        from = last.index + 1;
        for leaf in &leaves {
            check.leaf(Entry { index: leaf.index, bytes: &leaf.bytes, digest: leaf.digest.0 });
            // Bytes that are no leaf were altered: that is said already.
            let Some(said) = event::Leaf::read(&leaf.bytes) else { continue };
            if let Some(column) = relabelled(&said, &leaf.labels) {
                check.relabelled(leaf.index, column);
            }
            for value in values.iter().filter(|v| v.index == leaf.index).map(|v| &v.value) {
                if !said.commits_to(&value.field, &value.salt, &value.value) {
                    check.altered_value(leaf.index, value.field.clone());
                }
            }
        }
    }
    let unsequenced = reads.unsequenced(1_000).await?.into_iter().map(|e| e.id.to_string()).collect();
    Ok(check.finish(unsequenced))
}

/// Whether this public key, in hexadecimal, is the trusted one.
fn is_key(trusted: &VerifierKey, store: &Store, public_hex: &str) -> bool {
    let mut public = [0u8; 32];
    hex::decode_to_slice(public_hex, &mut public).is_ok() && VerifierKey::new(&log_origin(store), public).is_ok_and(|key| key == *trusted)
}

/// The first column that does not say what the leaf says: an event that is filed under another grant is not found by its own.
fn relabelled(said: &event::Leaf, filed: &Labels) -> Option<&'static str> {
    let columns = [
        ("id", said.id == filed.id),
        ("kind", said.kind == filed.kind),
        ("subject", said.subject == filed.subject),
        ("at", said.at == filed.at.to_string()),
        ("grant", said.grant == filed.grant),
        ("request", said.request == filed.request),
    ];
    columns.into_iter().find(|(_, same)| !same).map(|(column, _)| column)
}
