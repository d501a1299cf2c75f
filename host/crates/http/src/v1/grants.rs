//! Grants: the right of one principal as it stands, its credential and its passes.

pub(crate) mod credential;
pub(crate) mod list;
pub(crate) mod pass;
pub(crate) mod release;
pub(crate) mod revoke;
pub(crate) mod rotate;
pub(crate) mod show;

pub use credential::{ClearCredential, Credential, SealedTo};
pub use list::GrantQuery;
pub use pass::{NewPass, Pass};
pub use revoke::Revocation;

use std::collections::BTreeMap;

use hallpass_broker::GrantView;
use hallpass_domain::grant::{EndReason, GrantState, Left, SeenBy};
use hallpass_domain::ids::{GrantId, HoldingId, PrincipalId, RequestId, Stamp, TargetId};
use hallpass_domain::name::Name;
use hallpass_domain::resource::Resource;
use hallpass_store::CredentialState;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::shape::{Instant, words};

/// The right of one principal as it stands, from approval to its end.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Grant {
    /// Its id.
    #[schema(value_type = String, example = "gr_01j00000000000000000000000")]
    pub id: GrantId,
    /// The request that it came from.
    #[schema(value_type = String)]
    pub request: RequestId,
    /// Who holds it.
    #[schema(value_type = String)]
    pub principal: PrincipalId,
    /// The holder's name.
    #[schema(value_type = String)]
    pub principal_name: Name,
    /// Where.
    #[schema(value_type = String)]
    pub target: TargetId,
    /// The target's name.
    #[schema(value_type = String)]
    pub target_name: Name,
    /// Which kind of access.
    pub entitlement: String,
    /// On what.
    #[schema(value_type = String)]
    pub resource: Resource,
    /// With which parameters, as they were approved. Untrusted text where the entitlement takes any.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// The holding that carries it in the target.
    #[schema(value_type = String)]
    pub holding: HoldingId,
    /// The mark of what was made for it in the target.
    #[schema(value_type = String)]
    pub stamp: Stamp,
    /// The account that gained access, where it existed before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Where it stands.
    #[schema(schema_with = words::grant_state)]
    pub state: GrantState,
    /// It should be gone and is not.
    pub overdue: bool,
    /// Whether a credential waits.
    #[schema(schema_with = words::credential_state)]
    pub credential: String,
    /// How long access was approved for, in milliseconds, from activation.
    pub duration_ms: u64,
    /// The revision of the policy set that allowed it.
    pub policy_revision: String,
    /// When it was approved.
    pub created: Instant,
    /// Not seen by then: it ends.
    pub activate_by: Instant,
    /// When it was seen in the target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activated: Option<Instant>,
    /// Its absolute end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends: Option<Instant>,
    /// Why it is ending or ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = words::end_reason, required = false)]
    pub end_reason: Option<EndReason>,
    /// When it began to end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ending_since: Option<Instant>,
    /// When it was seen to be gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<Instant>,
    /// Who saw it in the target: the broker itself, or the connector.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = words::seen_by, required = false)]
    pub seen_by: Option<SeenBy>,
    /// What it left in the target, where that stays: the account had it before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = words::left, required = false)]
    pub left: Option<Left>,
    /// Why the last attempt did not work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<String>,
}

impl From<GrantView> for Grant {
    fn from(view: GrantView) -> Self {
        let g = view.grant;
        Self {
            id: g.id,
            request: g.request,
            principal: g.principal,
            principal_name: view.principal_name,
            target: g.target,
            target_name: view.target_name,
            entitlement: g.entitlement,
            resource: g.resource,
            parameters: g.parameters,
            holding: g.holding,
            stamp: view.stamp,
            account: view.account,
            state: g.state,
            overdue: view.overdue,
            credential: credential_word(view.credential).to_owned(),
            duration_ms: g.duration_ms,
            policy_revision: g.policy_revision,
            created: g.created.into(),
            activate_by: g.activate_by.into(),
            activated: g.activated.map(Instant),
            ends: g.ends.map(Instant),
            end_reason: g.end_reason,
            ending_since: g.ending_since.map(Instant),
            ended: g.ended.map(Instant),
            seen_by: g.seen_by,
            left: g.left,
            last_failure: g.last_failure,
        }
    }
}

const fn credential_word(state: Option<CredentialState>) -> &'static str {
    match state {
        None => words::NO_CREDENTIAL,
        Some(CredentialState::Waiting) => "waiting",
        Some(CredentialState::PickedUp) => "picked-up",
        Some(CredentialState::Erased) => "erased",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_for_a_credential_is_in_the_document() {
        let states = [None, Some(CredentialState::Waiting), Some(CredentialState::PickedUp), Some(CredentialState::Erased)];
        assert_eq!(states.map(credential_word), words::CREDENTIAL_STATES);
    }
}
