//! The lease as the connector host sees it: checked right before anything that can change a target goes out.

use async_trait::async_trait;
use hallpass_domain::clock::Millis;
use hallpass_domain::operation::Lease;
use hallpass_domain::port::{Failure, FailureKind, Fence};
use hallpass_store::Store;

/// A lease of the store.
pub(crate) struct StoreFence {
    pub(crate) store: Store,
    pub(crate) lease: Lease,
    pub(crate) lease_ms: Millis,
}

#[async_trait]
impl Fence for StoreFence {
    async fn check(&self) -> Result<(), Failure> {
        match self.store.lease_left(&self.lease).await {
            Ok(Some(left)) if left > self.lease_ms / 5 => Ok(()),
            Ok(Some(_)) => Err(Failure::none(FailureKind::Timeout, "lease-ending", "the lease of this operation is about to end")),
            Ok(None) => Err(Failure::none(FailureKind::Conflict, "lease-lost", "another node works on this operation")),
            Err(e) => {
                tracing::warn!(cause = %e, "a lease could not be checked");
                Err(Failure::none(FailureKind::Unavailable, "lease-unknown", "the lease of this operation could not be checked"))
            }
        }
    }
}

/// For calls that change nothing and have no lease: a health check.
pub(crate) struct NoChange;

#[async_trait]
impl Fence for NoChange {
    async fn check(&self) -> Result<(), Failure> {
        Err(Failure::none(FailureKind::Forbidden, "no-change", "this call may not change the target"))
    }
}
