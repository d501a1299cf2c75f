//! Places where a test can kill the broker: on both sides of every durable write and every call that leaves it.
//!
//! Always compiled; the cost of one that is not armed is one relaxed load. Only the hidden `serve --fail-at NAME` arms one,
//! and only on a data folder made with `--throwaway`.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::text_enum::text_enum;

text_enum! {
    /// Where the process can be made to die.
    pub enum Failpoint {
        /// Before the last verdict, the grant and the intent are durable.
        VerdictBeforeCommit => "verdict-before-commit",
        /// After they are durable.
        VerdictAfterCommit => "verdict-after-commit",
        /// Before a lease is durable.
        ClaimBeforeCommit => "claim-before-commit",
        /// After it is durable.
        ClaimAfterCommit => "claim-after-commit",
        /// Before what is in the target ahead of the first apply is looked at.
        BaselineBeforeLook => "baseline-before-look",
        /// After it was looked at.
        BaselineAfterLook => "baseline-after-look",
        /// Before an attempt is durable as sent.
        SendBeforeCommit => "send-before-commit",
        /// After it is durable as sent.
        SendAfterCommit => "send-after-commit",
        /// Before the connector is called to apply.
        ApplyBeforeCall => "apply-before-call",
        /// Before the target commits what the connector did.
        TargetBeforeCommit => "target-before-commit",
        /// After the target committed it.
        TargetAfterCommit => "target-after-commit",
        /// After the connector applied.
        ApplyAfterCall => "apply-after-call",
        /// Before the connector is called to revoke.
        RevokeBeforeCall => "revoke-before-call",
        /// After the connector revoked.
        RevokeAfterCall => "revoke-after-call",
        /// Before the host looks at the outcome.
        LookBeforeCall => "look-before-call",
        /// After the host looked at the outcome.
        LookAfterCall => "look-after-call",
        /// Before earlier attempts are cut off in the target.
        FenceBeforeCall => "fence-before-call",
        /// After earlier attempts were cut off in the target.
        FenceAfterCall => "fence-after-call",
        /// Before the outcome is durable.
        SettleBeforeCommit => "settle-before-commit",
        /// After the outcome is durable.
        SettleAfterCommit => "settle-after-commit",
        /// Before the end of a grant and the intent to revoke are durable.
        EndBeforeCommit => "end-before-commit",
        /// After they are durable.
        EndAfterCommit => "end-after-commit",
        /// Before the pick-up of a credential is durable.
        PickUpBeforeCommit => "pick-up-before-commit",
        /// After it is durable, before the answer leaves.
        PickUpAfterCommit => "pick-up-after-commit",
    }
}

/// The armed point, counted from one; zero is none.
static ARMED: AtomicUsize = AtomicUsize::new(0);

/// Arms one point for the life of this process.
pub fn arm(point: Failpoint) {
    ARMED.store(point as usize + 1, Ordering::Relaxed);
}

/// Dies here if this point is armed: at once, without unwinding, flushing or closing anything, as a kill would.
pub fn hit(point: Failpoint) {
    if ARMED.load(Ordering::Relaxed) == point as usize + 1 {
        std::process::abort();
    }
}
