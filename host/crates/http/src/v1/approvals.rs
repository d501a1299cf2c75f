//! Approvals: verdicts of people.

pub(crate) mod decide;
pub(crate) mod list;

pub use decide::NewVerdict;
pub use list::InboxQuery;

use hallpass_domain::ids::{ApprovalId, PrincipalId};
use hallpass_domain::request::{Approval as Stored, Verdict};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::shape::{Instant, words};

/// One approver's verdict in one stage.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Approval {
    /// Its id.
    #[schema(value_type = String)]
    pub id: ApprovalId,
    /// In which stage, from 0.
    pub stage: u32,
    /// Who said it.
    #[schema(value_type = String)]
    pub approver: PrincipalId,
    /// Yes or no.
    #[schema(schema_with = words::verdict)]
    pub verdict: Verdict,
    /// Yes, for this long only, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub narrowed_ms: Option<u64>,
    /// Why, in the approver's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When.
    pub at: Instant,
}

impl From<Stored> for Approval {
    fn from(a: Stored) -> Self {
        Self {
            id: a.id,
            stage: a.stage,
            approver: a.approver,
            verdict: a.verdict,
            narrowed_ms: a.narrowed_ms,
            reason: a.reason,
            at: a.at.into(),
        }
    }
}
