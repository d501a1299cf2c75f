//! Operations: one intended effect on a holding.

use serde::{Deserialize, Serialize};

use crate::Conflict;
use crate::clock::Timestamp;
use crate::ids::{HoldingId, OperationId, TargetId};
use crate::text_enum::text_enum;

text_enum! {
    /// What an operation does. Looking is no operation.
    pub enum OperationKind {
        /// Makes the holding's wish true.
        Apply => "apply",
        /// Takes the access away.
        Revoke => "revoke",
    }
}

text_enum! {
    /// Where an operation stands.
    pub enum OperationState {
        /// Durable intent; nothing was sent.
        Planned => "planned",
        /// Something may have gone out.
        Sent => "sent",
        /// It may or may not have had its effect; settled by looking, never by repeating blindly (law 3).
        Unknown => "unknown",
        /// The effect was seen. Final.
        Seen => "seen",
        /// The absence of an effect is proven. Final.
        Absent => "absent",
        /// The connector said no, without effect. Final.
        Refused => "refused",
        /// No longer wanted before anything was sent. Final.
        Dropped => "dropped",
    }
}

/// What can happen to an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationEvent {
    /// It is about to go out.
    Send,
    /// Its outcome was lost.
    Lose,
    /// Its effect was seen.
    See,
    /// The absence of its effect is proven.
    Miss,
    /// The connector refused, without effect.
    Refuse,
    /// It is not wanted any more.
    Drop,
}

impl OperationEvent {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Lose => "lose",
            Self::See => "see",
            Self::Miss => "miss",
            Self::Refuse => "refuse",
            Self::Drop => "drop",
        }
    }
}

impl OperationState {
    /// Whether it still has work to do.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Planned | Self::Sent | Self::Unknown)
    }

    /// The state after `event`. A retry of something that was sent stays `sent`: another attempt of the same intent.
    pub fn on(self, event: OperationEvent) -> Result<Self, Conflict> {
        use OperationEvent as E;
        use OperationState as S;
        match (self, event) {
            (S::Planned | S::Sent | S::Unknown, E::Send) => Ok(S::Sent),
            (S::Sent | S::Unknown, E::Lose) => Ok(S::Unknown),
            (S::Sent | S::Unknown, E::See) => Ok(S::Seen),
            (S::Sent | S::Unknown, E::Miss) => Ok(S::Absent),
            (S::Sent, E::Refuse) => Ok(S::Refused),
            (S::Planned, E::Drop) => Ok(S::Dropped),
            _ => Err(Conflict { noun: "operation", state: self.as_str(), event: event.as_str() }),
        }
    }
}

/// An operation as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Its id, stable over attempts, restarts and nodes.
    pub id: OperationId,
    /// On which holding.
    pub holding: HoldingId,
    /// Of which target: work is bounded and broken per target.
    pub target: TargetId,
    /// Apply or revoke.
    pub kind: OperationKind,
    /// Where it stands.
    pub state: OperationState,
    /// The holding's version that it was planned for.
    pub holding_version: i64,
    /// The number of the last attempt that went out; it counts on over all operations of the holding.
    pub attempts: i64,
    /// How often in a row it was tried or looked at and did not settle: the wait for the next time grows with it.
    pub tries: i64,
    /// The revision of the target's settings that the last attempt went out with.
    pub revision: Option<i64>,
    /// When it was first looked at since the last attempt, where that attempt cannot be cut off.
    pub looked: Option<Timestamp>,
    /// When the last attempt went out: access begins to run from here, once this attempt is seen.
    pub sent: Option<Timestamp>,
    /// The attempt must put a new secret in place.
    pub fresh_credential: bool,
    /// The end that the last attempt fixed: its intent's instant plus the approved duration.
    pub until: Timestamp,
    /// When it is due next.
    pub due: Timestamp,
    /// What a connector asked to get back.
    pub continuation: Option<String>,
    /// Why the last attempt did not work, in words for a person.
    pub last_failure: Option<String>,
    /// When it was planned.
    pub created: Timestamp,
}

/// The right to work on an operation for a while. Whoever takes over has a higher fence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The operation.
    pub operation: OperationId,
    /// Who works on it: one process of one node.
    pub owner: String,
    /// One more with each claim.
    pub fence: i64,
    /// Until when, in the store's time.
    pub deadline: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_table() {
        use OperationEvent as E;
        use OperationState as S;
        let events = [E::Send, E::Lose, E::See, E::Miss, E::Refuse, E::Drop];
        let none: [Option<S>; 6] = [None; 6];
        let table = [
            (S::Planned, [Some(S::Sent), None, None, None, None, Some(S::Dropped)]),
            (S::Sent, [Some(S::Sent), Some(S::Unknown), Some(S::Seen), Some(S::Absent), Some(S::Refused), None]),
            (S::Unknown, [Some(S::Sent), Some(S::Unknown), Some(S::Seen), Some(S::Absent), None, None]),
            (S::Seen, none),
            (S::Absent, none),
            (S::Refused, none),
            (S::Dropped, none),
        ];
        assert_eq!(table.len(), S::ALL.len());
        for (state, row) in table {
            for (event, next) in events.iter().zip(row) {
                assert_eq!(state.on(*event).ok(), next, "{state} on {event:?}");
            }
        }
    }
}
