//! Holdings: what one account of one target holds of one entitlement and resource, because of one or more grants.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::grant::SeenBy;
use crate::ids::{Digest, HoldingId, Stamp, TargetId};
use crate::parameter::Parameters;
use crate::resource::Resource;
use crate::text_enum::text_enum;

text_enum! {
    /// What an entitlement does to a target.
    pub enum Mode {
        /// An existing account gains something for a while.
        Access => "access",
        /// An account is made for the grant and removed with it.
        Provisioning => "provisioning",
    }
}

text_enum! {
    /// What was there before the first apply. Where the target has no room for our mark, it decides what remains after the
    /// last grant (law 2).
    pub enum Baseline {
        /// Nothing: what we find afterwards is ours to remove.
        Absent => "absent",
        /// The account had it already: it stays.
        Present => "present",
    }
}

impl Baseline {
    /// The baseline after what is seen right before an apply. What is not there will be ours, and stays ours as long as this
    /// holding lives: later sights may be of our own making.
    pub fn before(known: Option<Self>, seen: Presence) -> Self {
        match (known, seen) {
            (Some(Self::Absent), _) | (_, Presence::Absent) => Self::Absent,
            (None | Some(Self::Present), Presence::Present | Presence::Suspended) => Self::Present,
        }
    }
}

text_enum! {
    /// Whether access is, or shall be, in the target.
    pub enum Presence {
        /// Usable.
        Present => "present",
        /// There and unusable.
        Suspended => "suspended",
        /// Not there.
        Absent => "absent",
    }
}

/// What must be true in the target: computed from the live grants, never set (law 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desired {
    /// Present, suspended or absent.
    pub presence: Presence,
    /// The latest end of all live grants; for one that is still activating, the end that its next attempt fixes.
    pub until: Timestamp,
}

/// One live grant's part in a holding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Until when.
    pub until: Timestamp,
    /// Whether this grant is suspended.
    pub suspended: bool,
}

impl Desired {
    /// The wish that the claims of all live grants add up to: absent when there is none, suspended if all are, present
    /// until the latest end of those that are not. `now` is when it became absent.
    pub fn of(claims: &[Claim], now: Timestamp) -> Self {
        let usable = claims.iter().filter(|c| !c.suspended).map(|c| c.until).max();
        let any = claims.iter().map(|c| c.until).max();
        match (usable, any) {
            (Some(until), _) => Self { presence: Presence::Present, until },
            (None, Some(until)) => Self { presence: Presence::Suspended, until },
            (None, None) => Self { presence: Presence::Absent, until: now },
        }
    }
}

/// What was seen in the target, when, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// What.
    pub presence: Presence,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: SeenBy,
}

/// A holding as stored. It has no state machine: a wish, what was seen, and at most one open operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// Its id.
    pub id: HoldingId,
    /// The mark of everything made for it.
    pub stamp: Stamp,
    /// Where.
    pub target: TargetId,
    /// The existing account (mode access); `None` where one is made.
    pub account: Option<String>,
    /// Which kind of access.
    pub entitlement: String,
    /// On what.
    pub resource: Resource,
    /// With which parameters: those of every live grant. An account holds an entitlement of a resource with one set of them at a
    /// time, because nobody but the connector knows whether the target could hold two.
    pub parameters: Parameters,
    /// Access or provisioning.
    pub mode: Mode,
    /// The connector that made it and will take it away (law 11).
    pub connector: Digest,
    /// What an earlier settled call returned.
    pub locator: Option<String>,
    /// What was there before us, once known.
    pub baseline: Option<Baseline>,
    /// The wish.
    pub desired: Desired,
    /// What was last seen.
    pub seen: Option<Seen>,
    /// One more with each change of the wish: an operation planned for an older version is not sent.
    pub version: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_baseline_becomes_ours_and_never_goes_back() {
        use Baseline as B;
        for seen in [Presence::Present, Presence::Suspended, Presence::Absent] {
            assert_eq!(B::before(Some(B::Absent), seen), B::Absent);
            let first = if seen == Presence::Absent { B::Absent } else { B::Present };
            assert_eq!(B::before(None, seen), first);
            assert_eq!(B::before(Some(B::Present), seen), first);
        }
    }

    #[test]
    fn the_wish_follows_from_the_live_grants() {
        let claim = |until, suspended| Claim { until: Timestamp(until), suspended };
        let cases = [
            (vec![], Presence::Absent, 7),
            (vec![claim(10, false)], Presence::Present, 10),
            (vec![claim(10, false), claim(30, false), claim(20, false)], Presence::Present, 30),
            (vec![claim(10, false), claim(30, true)], Presence::Present, 10),
            (vec![claim(10, true), claim(30, true)], Presence::Suspended, 30),
        ];
        for (claims, presence, until) in cases {
            assert_eq!(Desired::of(&claims, Timestamp(7)), Desired { presence, until: Timestamp(until) }, "{claims:?}");
        }
    }
}
