//! One claimed operation with everything that an attempt needs.

use std::sync::Arc;

use hallpass_domain::clock::Timestamp;
use hallpass_domain::holding::{Holding, Presence};
use hallpass_domain::operation::{Lease, Operation, OperationKind};
use hallpass_domain::port::{Endpoint, EntitlementFacts, Failure, Granted, Invocation, Wish};
use hallpass_store::Claimed;

use super::fence::StoreFence;
use crate::Broker;
use crate::error::BrokerError;

/// One claimed operation.
pub(super) struct Work {
    pub(super) op: Operation,
    /// The operation as the store has it.
    pub(super) as_stored: Operation,
    pub(super) lease: Lease,
    pub(super) holding: Holding,
    pub(super) entitlement: EntitlementFacts,
    pub(super) endpoint: Arc<Endpoint>,
    /// What the connector may use.
    pub(super) granted: Granted,
    /// Why no call may be made with the holding's connector, where that is so.
    pub(super) stopped: Option<Failure>,
    /// When a call of this attempt is cut off: in the first four fifths of the lease.
    pub(super) deadline: Timestamp,
}

impl Work {
    /// The wish as this operation sends it.
    pub(super) fn want(&self) -> Wish {
        Wish {
            stamp: self.holding.stamp.clone(),
            mode: self.holding.mode,
            account: self.holding.account.clone(),
            entitlement: self.holding.entitlement.clone(),
            resource: self.holding.resource.clone(),
            parameters: self.holding.parameters.clone(),
            until: self.op.until,
            suspended: self.holding.desired.presence == Presence::Suspended,
            fresh_credential: self.op.fresh_credential,
            locator: self.holding.locator.clone(),
        }
    }

    /// What must be seen for the operation to be done.
    pub(super) fn wished(&self) -> Presence {
        match (self.op.kind, self.holding.desired.presence) {
            (OperationKind::Revoke, _) => Presence::Absent,
            (OperationKind::Apply, Presence::Suspended) => Presence::Suspended,
            (OperationKind::Apply, _) => Presence::Present,
        }
    }
}

impl Broker {
    /// Looks up what an attempt needs. The connector is the holding's pinned one (law 11).
    pub(super) async fn load_work(&self, claimed: Claimed) -> Result<Work, BrokerError> {
        let Claimed { operation: op, lease } = claimed;
        let mut reads = self.store.reads().await?;
        let found = reads.holding_to_call(&op.holding).await?;
        let (holding, standing) = found.ok_or_else(|| BrokerError::not_found("holding", &op.holding))?;
        let found = reads.target_and_secrets(&op.target).await?;
        let (target, envelopes) = found.ok_or_else(|| BrokerError::not_found("target", &op.target))?;
        drop(reads);
        let endpoint = self.open_endpoint(&target, envelopes)?;
        let (granted, stopped) = match self.callable_as(&holding.connector, standing).await? {
            Ok(granted) => (granted, None),
            Err(failure) => (Granted::only(&[]), Some(failure)),
        };
        let facts = self.known(&holding.connector).await?;
        let entitlement = facts.entitlement(&holding.entitlement).cloned().ok_or_else(|| {
            BrokerError::Internal(format!("the connector {} has no entitlement {}", holding.connector, holding.entitlement))
        })?;
        let deadline = self.clock.now().plus(self.settings.call_ms.min(self.settings.lease_ms / 5 * 4));
        Ok(Work { as_stored: op.clone(), op, lease, holding, entitlement, endpoint, granted, stopped, deadline })
    }

    /// One call of this attempt.
    pub(super) fn call(&self, work: &Work) -> Invocation {
        Invocation {
            operation: work.op.id.clone(),
            attempt: work.op.attempts,
            connector: work.holding.connector,
            granted: work.granted.clone(),
            endpoint: Arc::clone(&work.endpoint),
            deadline: work.deadline,
            dry_run: false,
            fence: Arc::new(StoreFence { store: self.store.clone(), lease: work.lease.clone(), lease_ms: self.settings.lease_ms }),
        }
    }
}
