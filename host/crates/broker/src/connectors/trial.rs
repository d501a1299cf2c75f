//! Trials: a version of a connector is tried out at a real target that is there for such things, before it is used where it counts.
//!
//! What a trial makes is nobody's holding and has no row: an event says that it begins, its marks are the same each time so that the
//! next trial clears up after one that was killed, and the target ends what it can end by itself.

use std::sync::Arc;

use async_trait::async_trait;
use hallpass_domain::event::{Event, EventKind};
use hallpass_domain::holding::Mode;
use hallpass_domain::ids::{Digest, OperationId, TargetId};
use hallpass_domain::name::check_foreign;
use hallpass_domain::parameter;
use hallpass_domain::port::{Failure, FailureKind, Fence, Invocation, Trial, TrialVerdict, TrialWish, Tried};
use hallpass_domain::target::Target;
use hallpass_policy::Action;
use hallpass_store::{ConnectorRow, Store, run_tx};

use super::{may, still_may};
use crate::Broker;
use crate::context::OpContext;
use crate::error::BrokerError;
use crate::targets::check_there;
use crate::views::NewTrial;

/// Environments whose targets may be tried with.
const SANDBOXES: [&str; 2] = ["sandbox", "test"];
const ELSEWHERE: &str = "Add a target of its own for trials: hallpass target add NAME --environment sandbox.";
/// The most wishes of one trial.
const MOST_WISHES: usize = 16;
/// How long calls of laws are begun, in milliseconds: a caller waits a minute.
const LASTS_MS: u64 = 40_000;
/// How long a trial keeps a target for itself, in milliseconds, also while it only looks: longer than it lasts with the call that is
/// under way at its end (10 s), the minute in which what it made is taken away, and the last call of that.
const LEASE_MS: u64 = 180_000;

/// The lease that the one trial of a target holds.
pub(crate) fn trial_lease(target: &TargetId) -> String {
    format!("trial {target}")
}

/// Whether trials may be made in the environment that the target has.
fn check_sandbox(target: &Target) -> Result<(), BrokerError> {
    if SANDBOXES.contains(&target.environment.as_str()) {
        return Ok(());
    }
    let message = format!("{} is in the environment {}, and trials are made in sandbox and test alone", target.name, target.environment);
    Err(BrokerError::invalid("target", message, ELSEWHERE))
}

impl Broker {
    /// Tries a version out at a target of its connector, in the environment `sandbox` or `test`. The version need not be the one that
    /// the target uses; what it asks for must have been accepted. One trial at a time per target.
    pub async fn test_connector(&self, ctx: &OpContext, digest: &Digest, new: NewTrial) -> Result<Tried, BrokerError> {
        let mut reads = self.store.reads().await?;
        let row = reads.connector(digest).await?.ok_or_else(|| BrokerError::not_found("connector", digest))?;
        may(ctx, Action::ConnectorTest, &row.facts)?;
        let target = reads.target_by_name(&new.target).await?.ok_or_else(|| BrokerError::not_found("target", &new.target))?;
        let target = self.target_for(ctx, &target.id, Action::TargetConfigure).await?;
        self.check_trial(&row, &target).await?;
        let endpoint = self.endpoint(&mut reads, &target).await?;
        drop(reads);
        self.usable(digest).await?;
        let granted = self.callable(digest, Some(&target.id)).await?.map_err(BrokerError::Target)?;
        let wishes = self.wishes(&row, new.wishes)?;
        check_wishes(&row, &wishes)?;
        let now = self.clock.now();
        let operation = OperationId::new(now, self.rng.as_ref())?;
        let lease = TrialLease { store: self.store.clone(), name: trial_lease(&target.id), owner: operation.to_string() };
        self.begin_trial(ctx, &row, &target, &lease, &wishes).await?;
        let call = Invocation {
            operation,
            attempt: 1,
            connector: *digest,
            granted,
            endpoint,
            deadline: now.plus(self.settings.call_ms),
            dry_run: false,
            fence: Arc::new(lease.clone()),
        };
        let trial = Trial { call, wishes, ends: now.plus(LASTS_MS) };
        let tried = self.connectors.try_out(&trial).await;
        self.end_trial(ctx, digest, &target.id, &lease, tried.as_ref().ok()).await?;
        tried.map_err(BrokerError::NotAdmitted)
    }

    /// Whether this version may be tried there at all.
    async fn check_trial(&self, row: &ConnectorRow, target: &Target) -> Result<(), BrokerError> {
        check_sandbox(target)?;
        let before = self.known(&target.connector).await?;
        if before.name != row.facts.name {
            return Err(BrokerError::invalid("target", format!("{} is a target of {}", target.name, before.name), ELSEWHERE));
        }
        let versions = self.store.reads().await?.connector_versions(&before.name).await?;
        Self::fits(&versions, &row.facts, target)
    }

    /// What is applied: what the caller names, else what the author of the connector did. An author does not choose who gains access.
    fn wishes(&self, row: &ConnectorRow, named: Vec<TrialWish>) -> Result<Vec<TrialWish>, BrokerError> {
        if !named.is_empty() {
            return Ok(named);
        }
        let samples = self.connectors.sample_wishes(&row.facts.digest).map_err(BrokerError::NotAdmitted)?;
        let gives = |wish: &&TrialWish| row.facts.entitlement(&wish.entitlement).is_none_or(|e| e.mode == Mode::Access);
        match samples.iter().find(|wish| wish.account.is_some() || gives(wish)) {
            Some(wish) => Err(BrokerError::invalid(
                "wishes",
                format!("`{}` of the fixture gives {} to an account that its author chose", wish.name, wish.entitlement),
                "Name the wishes yourself: `--wishes FILE`.",
            )),
            None => Ok(samples),
        }
    }

    async fn begin_trial(
        &self,
        ctx: &OpContext,
        row: &ConnectorRow,
        target: &Target,
        lease: &TrialLease,
        wishes: &[TrialWish],
    ) -> Result<(), BrokerError> {
        let (actors, digest) = (ctx.actors(), row.facts.digest);
        run_tx!(self.store, "connector.test", |tx| -> Result<(), BrokerError> {
            still_may(ctx, tx, Action::ConnectorTest, &row.facts).await?;
            self.still_configures(ctx, tx, &target.id).await?;
            // Whoever removes it or moves it to another environment comes before, or finds the lease taken.
            tx.hold_target(&target.id).await?;
            let now = tx.reads().target(&target.id).await?.ok_or_else(|| BrokerError::not_found("target", &target.id))?;
            check_there(&now)?;
            if now.revision != target.revision {
                // What was checked, and what the calls were given, is not what is there.
                return Err(BrokerError::Stale);
            }
            if tx.acquire_named(&lease.name, &lease.owner, LEASE_MS).await?.is_none() {
                return Err(BrokerError::TooMany {
                    reason: format!("another trial is under way at {}", target.name),
                    remedy: "Wait until it has ended; one that was killed is over after three minutes.".into(),
                });
            }
            let began = Event::new(EventKind::ConnectorTestBegan, &target.id).by(&actors).connector(digest);
            tx.emit(began.text("applies", applies(wishes))).await?;
            Ok(())
        })
    }

    async fn end_trial(
        &self,
        ctx: &OpContext,
        digest: &Digest,
        target: &TargetId,
        lease: &TrialLease,
        tried: Option<&Tried>,
    ) -> Result<(), BrokerError> {
        let broken = |tried: &Tried| {
            let laws = tried.laws.iter().filter(|law| matches!(law.verdict, TrialVerdict::Broken { .. }));
            laws.map(|law| law.law.as_str()).collect::<Vec<_>>().join(",")
        };
        let actors = ctx.actors();
        run_tx!(self.store, "connector.tested", |tx| -> Result<(), BrokerError> {
            if let Some(fence) = tx.acquire_named(&lease.name, &lease.owner, LEASE_MS).await? {
                tx.release_named(&lease.name, &lease.owner, fence).await?;
            }
            let event = Event::new(EventKind::ConnectorTested, target).by(&actors).connector(*digest);
            tx.emit(match tried {
                Some(tried) => event
                    .word("kept", &tried.is_kept())
                    .word("broken", &broken(tried))
                    .number("left", i64::try_from(tried.left.len()).unwrap_or(i64::MAX))
                    .text("left_behind", tried.left.join("; ")),
                None => event.word("kept", "not-tried"),
            })
            .await?;
            Ok(())
        })
    }
}

/// A target, kept for one trial.
#[derive(Clone)]
struct TrialLease {
    store: Store,
    name: String,
    owner: String,
}

#[async_trait]
impl Fence for TrialLease {
    async fn check(&self) -> Result<(), Failure> {
        let kept = run_tx!(self.store, "trial.lease", |tx| -> Result<bool, BrokerError> {
            Ok(tx.acquire_named(&self.name, &self.owner, LEASE_MS).await?.is_some())
        });
        match kept {
            Ok(true) => Ok(()),
            Ok(false) => Err(Failure::none(FailureKind::Conflict, "lease-lost", "another trial took this target over")),
            Err(e) => {
                tracing::warn!(cause = %e, "the lease of a trial could not be checked");
                Err(Failure::none(FailureKind::Unavailable, "lease-unknown", "the lease of this trial could not be checked"))
            }
        }
    }
}

/// What is applied and taken away again, for the log.
fn applies(wishes: &[TrialWish]) -> String {
    let one = |wish: &TrialWish| {
        let who = wish.account.as_ref().map_or_else(String::new, |account| format!(" for {account}"));
        let with = if wish.parameters.is_empty() { String::new() } else { format!(" with {}", parameter::line(&wish.parameters)) };
        format!("{} on {}{with}{who}", wish.entitlement, wish.resource)
    };
    wishes.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn check_wishes(row: &ConnectorRow, wishes: &[TrialWish]) -> Result<(), BrokerError> {
    let refuse = |message: String| Err(BrokerError::invalid("wishes", message, "Write them as the `wishes` of fixture.json are written."));
    if wishes.len() > MOST_WISHES {
        return refuse(format!("a trial has at most {MOST_WISHES} wishes"));
    }
    for (n, wish) in wishes.iter().enumerate() {
        for text in [&wish.name, &wish.entitlement].into_iter().chain(&wish.account) {
            check_foreign("what a wish says", text).map_err(BrokerError::unfit("wishes"))?;
        }
        // What the version does not declare at all, the trial itself says.
        let declared = row.facts.entitlement(&wish.entitlement).map(|e| e.parameters.as_slice());
        if let Some(unfit) = declared.and_then(|declared| parameter::check(&wish.entitlement, declared, &wish.parameters).err()) {
            return Err(BrokerError::invalid("wishes", format!("`{}`: {unfit}", wish.name), unfit.remedy));
        }
        if wishes.iter().take(n).any(|other| other.name == wish.name) {
            return refuse(format!("two wishes are named `{}`", wish.name));
        }
    }
    Ok(())
}
