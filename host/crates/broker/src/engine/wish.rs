//! What a holding should be, and what must be done about it (law 8).

use hallpass_domain::Conflict;
use hallpass_domain::clock::Timestamp;
use hallpass_domain::event::{Event, EventKind};
use hallpass_domain::grant::{EndReason, Grant, GrantEvent, GrantState, Left};
use hallpass_domain::holding::{Baseline, Claim, Desired, Holding, Mode, Presence};
use hallpass_domain::ids::{HoldingId, OperationId};
use hallpass_domain::operation::{Operation, OperationEvent, OperationKind, OperationState};
use hallpass_store::{StoreError, Tx};

use crate::Broker;
use crate::error::BrokerError;

/// The claims of live grants; one that is not active yet counts from now.
pub(super) fn claims(live: &[Grant], now: Timestamp) -> Vec<Claim> {
    let until = |g: &Grant| g.ends.unwrap_or_else(|| now.plus(g.duration_ms));
    live.iter().map(|g| Claim { until: until(g), suspended: g.state == GrantState::Suspended }).collect()
}

/// Computes the wish of a holding anew after a grant of it changed, and plans the operation that makes it true. Grants that
/// are ending and that nothing in the target depends on end at once.
pub(crate) async fn converge(broker: &Broker, tx: &mut Tx, id: &HoldingId) -> Result<(), BrokerError> {
    let now = broker.clock.now();
    let mut holding = tx.anchor_holding(id).await?.ok_or_else(|| BrokerError::not_found("holding", id))?;
    let live = tx.reads().live_grants_of(id).await?;
    let desired = Desired::of(&claims(&live, now), now);
    let open = tx.reads().open_operation(id).await?;
    let activating = live.iter().any(|g| g.state == GrantState::Activating);
    let same =
        desired.presence == holding.desired.presence && (desired.presence == Presence::Absent || desired.until == holding.desired.until);
    let settled = open.is_none() && holding.seen.is_some_and(|seen| seen.presence == desired.presence);
    if same && settled && !activating {
        return end_all(tx, &holding, now).await;
    }
    holding.desired = desired;
    holding.version = tx.update_holding_wish(&holding).await?;
    if let Some(mut planned) = open {
        if planned.state != OperationState::Planned {
            // Something is out. When it settles, the engine sees that the holding's version moved on, and converges.
            return Ok(());
        }
        let from = planned.state;
        planned.state = planned.state.on(OperationEvent::Drop)?;
        match tx.update_unclaimed_operation(&planned, from).await {
            Ok(()) => {}
            // Somebody has just claimed it. They see that the holding's version moved on before they send it.
            Err(StoreError::Stale { .. }) => return Ok(()),
            Err(e) => return Err(e.into()),
        }
        tx.emit(Event::new(EventKind::OperationDropped, &planned.id).operation(&planned.id).holding(id)).await?;
    }
    if desired.presence == Presence::Absent {
        // What was there before us stays as it was, and what is not there needs no taking back.
        let nothing_there = match holding.seen {
            Some(seen) => seen.presence == Presence::Absent,
            None => !was_ever_sent(tx, id).await?,
        };
        if nothing_there || holding.baseline == Some(Baseline::Present) {
            return end_all(tx, &holding, now).await;
        }
    }
    let kind = if desired.presence == Presence::Absent { OperationKind::Revoke } else { OperationKind::Apply };
    plan(broker, tx, &holding, kind, kind == OperationKind::Apply && activating && holding.mode == Mode::Provisioning).await
}

/// Plans an operation for the holding as it is now. Nothing is applied that nobody wishes for.
pub(crate) async fn plan(
    broker: &Broker,
    tx: &mut Tx,
    holding: &Holding,
    kind: OperationKind,
    fresh_credential: bool,
) -> Result<(), BrokerError> {
    if kind == OperationKind::Apply && holding.desired.presence == Presence::Absent {
        return Err(Conflict { noun: "holding", state: Presence::Absent.as_str(), event: "apply" }.into());
    }
    let now = broker.clock.now();
    // Attempts count on over all operations of a holding: the mark of an attempt names exactly one.
    let (attempts, _) = tx.reads().attempts_of(&holding.id).await?;
    let operation = Operation {
        id: OperationId::new(now, broker.rng.as_ref())?,
        holding: holding.id.clone(),
        target: holding.target.clone(),
        kind,
        state: OperationState::Planned,
        holding_version: holding.version,
        attempts,
        tries: 0,
        revision: None,
        looked: None,
        sent: None,
        fresh_credential,
        until: holding.desired.until,
        due: now,
        continuation: None,
        last_failure: None,
        created: now,
    };
    tx.insert_operation(&operation).await?;
    Ok(())
}

async fn was_ever_sent(tx: &mut Tx, id: &HoldingId) -> Result<bool, BrokerError> {
    Ok(tx.reads().attempts_of(id).await?.1)
}

/// Ends every ending grant of the holding. An event of one says who saw it gone, or what stays as it was before us.
async fn end_all(tx: &mut Tx, holding: &Holding, now: Timestamp) -> Result<(), BrokerError> {
    let ending = tx.reads().ending_grants_of(&holding.id).await?;
    end_each(tx, holding, ending, now).await
}

/// Ends these grants of the holding, which are on their way to an end.
pub(super) async fn end_each(tx: &mut Tx, holding: &Holding, ending: Vec<Grant>, now: Timestamp) -> Result<(), BrokerError> {
    let gone = holding.seen.is_none_or(|seen| seen.presence == Presence::Absent);
    let stays = holding.desired.presence == Presence::Absent && holding.baseline == Some(Baseline::Present) && !gone;
    for mut grant in ending {
        let reason = grant.end_reason.unwrap_or(EndReason::Revoked);
        grant.state = grant.state.on(GrantEvent::Gone(reason))?;
        grant.ended = Some(now);
        grant.left = stays.then_some(Left::Baseline);
        grant.version = tx.update_grant(&grant).await?;
        tx.erase_credential(&grant.id).await?;
        let kind = if grant.state == GrantState::Failed { EventKind::GrantFailed } else { EventKind::GrantEnded };
        let event = Event::new(kind, &grant.id)
            .grant(&grant.id)
            .request(&grant.request)
            .holding(&holding.id)
            .policy(&grant.policy_revision)
            .connector(holding.connector)
            .word("state", &grant.state)
            .word("reason", &reason);
        tx.emit(match (grant.left, holding.seen) {
            (Some(left), _) => event.word("left", &left),
            (None, Some(seen)) => event.word("seen", &seen.by),
            (None, None) => event,
        })
        .await?;
    }
    Ok(())
}
