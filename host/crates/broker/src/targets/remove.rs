//! The end of a target: once everything in it has ended. Its rows stay, because grants, requests and the log name them.

use hallpass_domain::event::{Event, EventKind};
use hallpass_domain::ids::TargetId;
use hallpass_domain::target::Target;
use hallpass_policy::{Action, ResourceFacts};
use hallpass_store::{GrantFilter, RequestFilter, Tx, run_tx};

use super::{check_there, target_facts};
use crate::Broker;
use crate::connectors::trial_lease;
use crate::context::OpContext;
use crate::error::BrokerError;

/// How many of a kind a refusal names.
const NAMED: usize = 5;

impl Broker {
    /// Removes a target: its name is free again, its secrets are erased, its history stays. Refused while anything in it has not ended,
    /// which the refusal names.
    pub async fn remove_target(&self, ctx: &OpContext, id: &TargetId) -> Result<Target, BrokerError> {
        self.target_for(ctx, id, Action::TargetRemove).await?;
        let actors = ctx.actors();
        let removed: Result<(), BrokerError> = run_tx!(self.store, "target.remove", |tx| -> Result<(), BrokerError> {
            let ctx = ctx.refresh(tx, &[]).await?;
            let target = tx.reads().target(id).await?.ok_or_else(|| BrokerError::not_found("target", id))?;
            let facts = self.known(&target.connector).await?;
            ctx.authorize(Action::TargetRemove, ResourceFacts::Target(&target_facts(&target, &facts)))?;
            check_there(&target)?;
            // The row first: whoever begins something in it holds the row, and came before or finds it removed.
            tx.remove_target(&target, self.clock.now()).await?;
            let busy = still_there(tx, id).await?;
            if !busy.is_empty() {
                return Err(BrokerError::InUse {
                    reason: format!(
                        "the target {} cannot be removed, because not everything in it has ended: {}",
                        target.name,
                        busy.join("; ")
                    ),
                    remedy: "Revoke those grants (`hallpass revoke`) and have those requests withdrawn or denied; then remove it again."
                        .into(),
                });
            }
            tx.emit(Event::new(EventKind::TargetRemoved, id).by(&actors).connector(target.connector).text("name", target.name.as_str()))
                .await?;
            Ok(())
        });
        removed?;
        self.breakers.close(id);
        self.store.reads().await?.target(id).await?.ok_or_else(|| BrokerError::not_found("target", id))
    }
}

/// What has not ended in a target, in words.
async fn still_there(tx: &mut Tx, id: &TargetId) -> Result<Vec<String>, BrokerError> {
    let most = u32::try_from(NAMED + 1).unwrap_or(u32::MAX);
    let mut busy = undecided(tx, id).await?;
    let live = GrantFilter { target: Some(id.clone()), live: true, ..GrantFilter::default() };
    let grants = tx.reads().grants(&live, None, most).await?;
    busy.extend(words("grants", &grants.iter().map(|g| format!("{} ({})", g.id, g.state)).collect::<Vec<_>>()));
    if grants.is_empty() {
        // Operations of live grants are named by them.
        let holdings = tx.reads().busy_holdings(id).await?;
        busy.extend(words("operations of holdings", &holdings.iter().map(|h| h.id.to_string()).collect::<Vec<_>>()));
    }
    Ok(busy)
}

/// What was begun under what the target is now, in words: requests whose stages are fixed, and a trial.
pub(super) async fn undecided(tx: &mut Tx, id: &TargetId) -> Result<Vec<String>, BrokerError> {
    let most = u32::try_from(NAMED + 1).unwrap_or(u32::MAX);
    let waiting = RequestFilter { target: Some(id.clone()), state: Some("pending".into()), ..RequestFilter::default() };
    let requests = tx.reads().requests(&waiting, None, most).await?;
    let mut busy: Vec<String> =
        words("requests that wait for a verdict", &requests.iter().map(|r| r.id.to_string()).collect::<Vec<_>>()).into_iter().collect();
    let (name, owner) = (trial_lease(id), format!("change {id}"));
    match tx.acquire_named(&name, &owner, 1).await? {
        Some(fence) => tx.release_named(&name, &owner, fence).await?,
        None => busy.push("a trial of a connector (it is over after three minutes)".into()),
    }
    Ok(busy)
}

fn words(what: &str, names: &[String]) -> Option<String> {
    let more = if names.len() > NAMED { " and more" } else { "" };
    let named = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    (!names.is_empty()).then(|| format!("{what} {named}{more}"))
}
