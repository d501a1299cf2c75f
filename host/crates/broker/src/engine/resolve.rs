//! Settling what was sent and not settled: cut off the earlier attempt, look, and only then decide (law 3).

use hallpass_domain::clock::Millis;
use hallpass_domain::failpoint::{Failpoint, hit};
use hallpass_domain::operation::OperationKind;
use hallpass_domain::port::{Failure, FailureKind};

use super::work::Work;
use crate::Broker;
use crate::error::BrokerError;

/// How long between the two looks at what cannot be cut off.
const LOOK_AGAIN_MS: Millis = 1_000;

impl Broker {
    /// Finds out what became of the earlier attempts, and goes on from there.
    pub(super) async fn resolve(&self, mut work: Work) -> Result<(), BrokerError> {
        // The look describes the attempt that is being settled, so it asks for that attempt's end and wish.
        hit(Failpoint::FenceBeforeCall);
        let fenced = match self.connectors.fence_off(&self.call(&work), &work.want()).await {
            Ok(fenced) => fenced,
            Err(failure) => return self.unsettled(work, &failure).await,
        };
        hit(Failpoint::FenceAfterCall);
        // Where the target's settings changed since, the server or account that was asked may not be the attempt's.
        let moved = work.op.revision != Some(work.endpoint.revision);
        let fenced = fenced && !moved;
        let sight = match self.look(&work).await {
            Ok(sight) => sight,
            Err(failure) => return self.unsettled(work, &failure).await,
        };
        let now = self.clock.now();
        let as_wished = sight.presence == Some(work.wished());
        let within =
            if moved { work.entitlement.settles_within_ms.max(self.settings.lease_ms) } else { work.entitlement.settles_within_ms };
        let settles = work.op.sent.map_or(now, |sent| sent.plus(within));
        if !fenced && (now < settles || work.op.looked.is_none()) {
            // Not cut off: an earlier attempt may still land. What is seen before that, or once only, is not final.
            work.op.looked = work.op.looked.or(Some(now));
            let failure = Failure {
                retry_after_ms: Some(settles.since(now).max(LOOK_AGAIN_MS)),
                ..Failure::unknown(FailureKind::Timeout, "may-still-land", "an earlier attempt may still have its effect")
            };
            return self.unsettled(work, &failure).await;
        }
        if work.op.holding_version != work.holding.version {
            // The wish moved on while this was out. What is there now is known; the new wish starts from it.
            return self.settle_outdated(work, &sight).await;
        }
        match (work.op.kind, as_wished) {
            (OperationKind::Revoke, true) => self.settle_seen(work, &sight).await,
            (OperationKind::Apply, true) if !work.op.fresh_credential => self.settle_seen(work, &sight).await,
            (OperationKind::Apply, true) => {
                if let Some(landed) = sight.attempt.filter(|landed| self.has_delivery(&work, *landed)) {
                    tracing::debug!(operation = %work.op.id, attempt = landed, "an earlier attempt landed");
                    self.settle_seen(work, &sight).await
                } else {
                    // The access is there, its secret is not: the same access with a new secret, before anybody gets it.
                    self.send(work).await
                }
            }
            (_, false) => self.send(work).await,
        }
    }
}
