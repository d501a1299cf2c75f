//! Grants: the right of one principal as it stands, from approval to its end.

use serde::{Deserialize, Serialize};

use crate::Conflict;
use crate::clock::{Millis, Timestamp};
use crate::ids::{GrantId, HoldingId, PrincipalId, RequestId, TargetId};
use crate::parameter::Parameters;
use crate::resource::Resource;
use crate::text_enum::text_enum;

text_enum! {
    /// Where a grant stands.
    pub enum GrantState {
        /// Approved; its connector has not answered yet.
        Activating => "activating",
        /// Seen in the target.
        Active => "active",
        /// There, and unusable for a while.
        Suspended => "suspended",
        /// Being taken away. Retried for ever.
        Ending => "ending",
        /// Gone because its time was over. Final.
        Ended => "ended",
        /// Gone because someone took it. Final.
        Revoked => "revoked",
        /// Gone because the target put something else in its place. Final.
        Superseded => "superseded",
        /// Never was: proven absent. Final.
        Failed => "failed",
    }
}

text_enum! {
    /// Why a grant ends.
    pub enum EndReason {
        /// Its time is over.
        Time => "time",
        /// Its holder gave it back.
        Released => "released",
        /// Someone with the right to took it.
        Revoked => "revoked",
        /// Its principal or its owner is gone.
        Offboarded => "offboarded",
        /// It was not seen within its window.
        NotSeen => "not-seen",
        /// Policy said no when the access was about to begin.
        Denied => "denied",
        /// The target replaced it.
        Superseded => "superseded",
        /// The connector that made it was banned.
        Banned => "banned",
    }
}

text_enum! {
    /// What stays in the target after a grant, and why.
    pub enum Left {
        /// The account had it before us (law 2).
        Baseline => "baseline",
    }
}

text_enum! {
    /// Who saw the access in the target, or its absence.
    pub enum SeenBy {
        /// The host itself, by a declared look.
        Host => "host",
        /// The connector, by `observe`.
        Connector => "connector",
    }
}

/// What can happen to a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantEvent {
    /// The access was seen in the target.
    Seen,
    /// The access was suspended in the target.
    Suspend,
    /// The access is usable again.
    Resume,
    /// It shall go.
    End,
    /// It was seen to be gone.
    Gone(EndReason),
    /// The target refused, and the absence is proven.
    Refused,
}

impl GrantEvent {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::End => "end",
            Self::Gone(_) => "gone",
            Self::Refused => "refused",
        }
    }
}

impl GrantState {
    /// Whether nothing can happen to it any more.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Ended | Self::Revoked | Self::Superseded | Self::Failed)
    }

    /// Whether it still asks for access in the target.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Activating | Self::Active | Self::Suspended)
    }

    /// The state after `event`.
    pub fn on(self, event: GrantEvent) -> Result<Self, Conflict> {
        use GrantEvent as E;
        use GrantState as S;
        match (self, event) {
            // A repeated look at an active grant changes nothing.
            (S::Activating | S::Active, E::Seen) | (S::Suspended, E::Resume) => Ok(S::Active),
            (S::Active, E::Suspend) => Ok(S::Suspended),
            (S::Activating | S::Active | S::Suspended, E::End) => Ok(S::Ending),
            (S::Activating, E::Refused) => Ok(S::Failed),
            (S::Ending, E::Gone(reason)) => Ok(match reason {
                EndReason::Time => S::Ended,
                EndReason::Released | EndReason::Revoked | EndReason::Offboarded | EndReason::Banned => S::Revoked,
                EndReason::NotSeen | EndReason::Denied => S::Failed,
                EndReason::Superseded => S::Superseded,
            }),
            _ => Err(Conflict { noun: "grant", state: self.as_str(), event: event.as_str() }),
        }
    }
}

/// A grant as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// The request that it came from.
    pub request: RequestId,
    /// Who holds it.
    pub principal: PrincipalId,
    /// Where.
    pub target: TargetId,
    /// Which kind of access.
    pub entitlement: String,
    /// On what.
    pub resource: Resource,
    /// With which parameters.
    pub parameters: Parameters,
    /// The holding that carries it in the target.
    pub holding: HoldingId,
    /// Where it stands.
    pub state: GrantState,
    /// How long access was approved for, in milliseconds, from activation.
    pub duration_ms: Millis,
    /// The revision of the policy set that allowed it.
    pub policy_revision: String,
    /// When it was approved.
    pub created: Timestamp,
    /// Not seen by then: it ends with [`EndReason::NotSeen`].
    pub activate_by: Timestamp,
    /// When it was seen.
    pub activated: Option<Timestamp>,
    /// Its absolute end, fixed by the intent of the attempt that was seen.
    pub ends: Option<Timestamp>,
    /// Why it is ending or ended.
    pub end_reason: Option<EndReason>,
    /// When it began to end. Past a grace it is overdue.
    pub ending_since: Option<Timestamp>,
    /// When it was seen to be gone.
    pub ended: Option<Timestamp>,
    /// Who saw it in the target.
    pub seen_by: Option<SeenBy>,
    /// What it left in the target; `None`: nothing of it, or it has not ended.
    pub left: Option<Left>,
    /// Why the last attempt did not work, in words for a person.
    pub last_failure: Option<String>,
    /// One more with each change.
    pub version: i64,
}

impl Grant {
    /// Whether the access may be used at `now`. A predicate, not a job (law 7).
    pub fn is_usable(&self, now: Timestamp) -> bool {
        self.state == GrantState::Active && self.ends.is_some_and(|end| now < end)
    }

    /// Whether the access should be gone by `now` and is not.
    pub fn is_overdue(&self, now: Timestamp, grace: Millis) -> bool {
        self.state == GrantState::Ending && self.ending_since.is_some_and(|since| since.plus(grace) < now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_table() {
        use GrantEvent as E;
        use GrantState as S;
        let events = [
            E::Seen,
            E::Suspend,
            E::Resume,
            E::End,
            E::Gone(EndReason::Time),
            E::Gone(EndReason::Revoked),
            E::Gone(EndReason::NotSeen),
            E::Refused,
        ];
        let none: [Option<S>; 8] = [None; 8];
        let table = [
            (S::Activating, [Some(S::Active), None, None, Some(S::Ending), None, None, None, Some(S::Failed)]),
            (S::Active, [Some(S::Active), Some(S::Suspended), None, Some(S::Ending), None, None, None, None]),
            (S::Suspended, [None, None, Some(S::Active), Some(S::Ending), None, None, None, None]),
            (S::Ending, [None, None, None, None, Some(S::Ended), Some(S::Revoked), Some(S::Failed), None]),
            (S::Ended, none),
            (S::Revoked, none),
            (S::Superseded, none),
            (S::Failed, none),
        ];
        assert_eq!(table.len(), S::ALL.len());
        for (state, row) in table {
            for (event, next) in events.iter().zip(row) {
                assert_eq!(state.on(*event).ok(), next, "{state} on {event:?}");
            }
        }
    }
}
