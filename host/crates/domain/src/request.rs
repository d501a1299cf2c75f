//! Requests and approvals: from asking to a verdict.

use serde::{Deserialize, Serialize};

use crate::Conflict;
use crate::clock::{Millis, Timestamp};
use crate::connector::PermissionDiff;
use crate::holding::Mode;
use crate::ids::{ApprovalId, Digest, PrincipalId, RequestId, TargetId};
use crate::name::Name;
use crate::parameter::Parameters;
use crate::resource::Resource;
use crate::text_enum::text_enum;

text_enum! {
    /// What can happen when a stage's time runs out.
    pub enum OnTimeout {
        /// The request lapses.
        Deny => "deny",
        /// The stage goes on; whoever watches is told.
        Notify => "notify",
        /// Another group may approve as well.
        Escalate => "escalate",
    }
}

/// One step of a route: who may approve, and how many must.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Members of this group may approve.
    pub group: Name,
    /// How many different humans must.
    pub n: u32,
    /// How many denials end the request.
    pub denials: u32,
    /// How long the stage may take, in milliseconds; `None`: as long as the request lives.
    pub timeout_ms: Option<Millis>,
    /// What then.
    pub on_timeout: OnTimeout,
    /// Who may approve as well once the stage has escalated.
    pub escalate_to: Option<Name>,
}

impl Stage {
    /// The groups that may decide in it: its own, and the one that it has escalated to.
    pub fn deciders(&self) -> impl Iterator<Item = &Name> {
        // A stage that ran out of time and goes on has no time of its own any more.
        let escalated = self.escalate_to.as_ref().filter(|_| self.timeout_ms.is_none());
        std::iter::once(&self.group).chain(escalated)
    }
}

/// Where a request stands. Stages count from zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum RequestState {
    /// Waits for verdicts of this stage.
    Pending {
        /// The stage.
        stage: u32,
        /// When it began.
        since: Timestamp,
    },
    /// Every stage is satisfied. Final.
    Approved {
        /// Since when.
        at: Timestamp,
    },
    /// Someone said no. Final.
    Denied {
        /// Since when.
        at: Timestamp,
    },
    /// The requester took it back. Final.
    Withdrawn {
        /// Since when.
        at: Timestamp,
    },
    /// Nobody decided in time. Final.
    Lapsed {
        /// Since when.
        at: Timestamp,
    },
}

/// What can happen to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestEvent {
    /// An approval that leaves the stage open.
    Approve,
    /// The approval that satisfies the stage; `last` when no stage follows.
    StageDone {
        /// No stage follows.
        last: bool,
    },
    /// A denial below the number that ends it.
    Object,
    /// The denial that ends it.
    Deny,
    /// The requester takes it back.
    Withdraw,
    /// Its time to live, or its stage's, is over.
    Lapse,
}

impl RequestEvent {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve | Self::StageDone { .. } => "approve",
            Self::Object | Self::Deny => "deny",
            Self::Withdraw => "withdraw",
            Self::Lapse => "lapse",
        }
    }
}

impl RequestState {
    /// The word for it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Pending { .. } => "pending",
            Self::Approved { .. } => "approved",
            Self::Denied { .. } => "denied",
            Self::Withdrawn { .. } => "withdrawn",
            Self::Lapsed { .. } => "lapsed",
        }
    }

    /// Whether nothing can happen to it any more.
    pub const fn is_final(&self) -> bool {
        !matches!(self, Self::Pending { .. })
    }

    /// The state after `event`; ended is final (law 6).
    pub fn on(self, event: RequestEvent, at: Timestamp) -> Result<Self, Conflict> {
        let Self::Pending { stage, since } = self else {
            return Err(Conflict { noun: "request", state: self.as_str(), event: event.as_str() });
        };
        Ok(match event {
            RequestEvent::Approve | RequestEvent::Object => Self::Pending { stage, since },
            RequestEvent::StageDone { last: false } => Self::Pending { stage: stage + 1, since: at },
            RequestEvent::StageDone { last: true } => Self::Approved { at },
            RequestEvent::Deny => Self::Denied { at },
            RequestEvent::Withdraw => Self::Withdrawn { at },
            RequestEvent::Lapse => Self::Lapsed { at },
        })
    }
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Where.
    pub target: TargetId,
    /// Which kind of access.
    pub entitlement: String,
    /// On what.
    pub resource: Resource,
    /// With which parameters.
    pub parameters: Parameters,
    /// What the entitlement did to a target when it was asked for.
    pub mode: Mode,
    /// For how long, in milliseconds.
    pub duration_ms: Millis,
    /// Why, in the requester's words. Untrusted text.
    pub justification: Option<String>,
}

/// The permissions that a version of a connector wants, and what it would move to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PermissionsAsk {
    /// The version.
    pub connector: Digest,
    /// What of its permissions is more than, and less than, was granted before.
    pub diff: PermissionDiff,
    /// The targets that move to it once it is approved.
    pub targets: Vec<TargetId>,
    /// Why, in the requester's words. Untrusted text.
    pub justification: Option<String>,
}

/// What a request is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "lowercase")]
pub enum Asked {
    /// Access, for its requester.
    Access(Ask),
    /// More permissions for a connector than it had.
    Permissions(PermissionsAsk),
}

impl Asked {
    /// The access, where that is what is asked for.
    pub const fn access(&self) -> Option<&Ask> {
        match self {
            Self::Access(ask) => Some(ask),
            Self::Permissions(_) => None,
        }
    }

    /// For how long, in milliseconds; zero for what has no end.
    pub const fn duration_ms(&self) -> Millis {
        match self {
            Self::Access(ask) => ask.duration_ms,
            Self::Permissions(_) => 0,
        }
    }

    /// Why, in the requester's words.
    pub const fn justification(&self) -> Option<&String> {
        match self {
            Self::Access(ask) => ask.justification.as_ref(),
            Self::Permissions(ask) => ask.justification.as_ref(),
        }
    }
}

/// A request as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Its id.
    pub id: RequestId,
    /// Who asks, and who gets it.
    pub requester: PrincipalId,
    /// What is asked for.
    pub ask: Asked,
    /// The name of the connector that offered it then, or whose permissions are asked for.
    pub connector: String,
    /// Where it stands.
    pub state: RequestState,
    /// The stages that policy asked for, frozen at submission.
    pub stages: Vec<Stage>,
    /// What is approved so far, in milliseconds: the asked duration or the shortest narrowing.
    pub approved_ms: Millis,
    /// Ids of the policies that decided.
    pub policies: Vec<String>,
    /// The revision of the policy set that decided.
    pub policy_revision: String,
    /// When it was submitted.
    pub created: Timestamp,
    /// When it lapses if nobody decides.
    pub expires: Timestamp,
    /// One more with each change.
    pub version: i64,
}

impl Request {
    /// When time does something to it: its stage's time-out or its own end, whichever comes first. `None`: it is decided.
    pub fn due(&self) -> Option<Timestamp> {
        let RequestState::Pending { stage, since } = self.state else { return None };
        let timeout = self.stages.get(stage as usize).and_then(|s| s.timeout_ms).map(|ms| since.plus(ms));
        Some(timeout.map_or(self.expires, |at| at.min(self.expires)))
    }

    /// What time has done to it by `now`, whether or not anybody has noticed yet. Its own end is a denial.
    pub fn timed_out(&self, now: Timestamp) -> Option<OnTimeout> {
        let RequestState::Pending { stage, .. } = self.state else { return None };
        if self.due()? > now {
            return None;
        }
        let over = self.expires <= now;
        Some(self.stages.get(stage as usize).filter(|_| !over).map_or(OnTimeout::Deny, |s| s.on_timeout))
    }
}

text_enum! {
    /// What one approver said.
    pub enum Verdict {
        /// Yes, perhaps narrower.
        Approve => "approve",
        /// No.
        Deny => "deny",
    }
}

/// One approver's verdict in one stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Its id.
    pub id: ApprovalId,
    /// Of which request.
    pub request: RequestId,
    /// In which stage.
    pub stage: u32,
    /// Who said it.
    pub approver: PrincipalId,
    /// What.
    pub verdict: Verdict,
    /// The shorter duration that the approver set, in milliseconds.
    pub narrowed_ms: Option<Millis>,
    /// Why, in the approver's words.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_that_a_stage_escalates_to_decides_only_after_that() {
        let mut stage = Stage {
            group: "data-team".parse().unwrap(),
            n: 1,
            denials: 1,
            timeout_ms: Some(60_000),
            on_timeout: OnTimeout::Escalate,
            escalate_to: Some("dba".parse().unwrap()),
        };
        let names = |stage: &Stage| stage.deciders().map(|n| n.as_str().to_owned()).collect::<Vec<_>>();
        assert_eq!(names(&stage), ["data-team"]);
        stage.timeout_ms = None;
        assert_eq!(names(&stage), ["data-team", "dba"]);
    }

    #[test]
    fn only_a_pending_request_moves() {
        let at = Timestamp(9);
        let pending = RequestState::Pending { stage: 0, since: Timestamp(1) };
        let table = [
            (RequestEvent::Approve, pending),
            (RequestEvent::Object, pending),
            (RequestEvent::StageDone { last: false }, RequestState::Pending { stage: 1, since: at }),
            (RequestEvent::StageDone { last: true }, RequestState::Approved { at }),
            (RequestEvent::Deny, RequestState::Denied { at }),
            (RequestEvent::Withdraw, RequestState::Withdrawn { at }),
            (RequestEvent::Lapse, RequestState::Lapsed { at }),
        ];
        for (event, next) in table {
            assert_eq!(pending.on(event, at), Ok(next));
            for ended in
                [RequestState::Approved { at }, RequestState::Denied { at }, RequestState::Withdrawn { at }, RequestState::Lapsed { at }]
            {
                assert!(ended.on(event, at).is_err(), "{ended:?} on {event:?}");
            }
        }
    }
}
