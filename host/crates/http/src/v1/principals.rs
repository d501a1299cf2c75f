//! Principals: users, agents and workloads.

pub(crate) mod add;
pub(crate) mod enrolment;
pub(crate) mod list;
pub(crate) mod me;
pub(crate) mod offboard;
pub(crate) mod show;

pub use add::NewPrincipal;
pub use list::PrincipalQuery;

use hallpass_domain::Timestamp;
use hallpass_domain::ids::PrincipalId;
use hallpass_domain::name::Name;
use hallpass_domain::principal::{Principal as Stored, PrincipalKind, PrincipalState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::shape::{Instant, SecretOutput, words};

/// Who asks, holds and approves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Principal {
    /// Its id.
    #[schema(value_type = String, example = "pr_01j00000000000000000000000")]
    pub id: PrincipalId,
    /// User, agent or workload.
    #[schema(schema_with = words::principal_kind)]
    pub kind: PrincipalKind,
    /// Its name, unique among all principals.
    #[schema(value_type = String, example = "triage-bot")]
    pub name: Name,
    /// The human behind an agent or workload.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub owner: Option<PrincipalId>,
    /// Whether it may do anything.
    #[schema(schema_with = words::principal_state)]
    pub state: PrincipalState,
    /// When it was added.
    pub created: Instant,
    /// Ed25519 public key, hexadecimal, once enrolled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_key: Option<String>,
    /// X25519 public key that credentials are sealed to, hexadecimal, once enrolled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient_key: Option<String>,
}

impl From<Stored> for Principal {
    fn from(p: Stored) -> Self {
        Self {
            id: p.id,
            kind: p.kind,
            name: p.name,
            owner: p.owner,
            state: p.state,
            created: p.created.into(),
            signing_key: p.signing_key,
            recipient_key: p.recipient_key,
        }
    }
}

/// A one-time enrolment link. Shown once.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Invitation {
    /// Whose.
    pub principal: Principal,
    /// The link: `hallpass login LINK` makes the keys and registers them. Missing where a call was sent again: it is shown once and
    /// kept nowhere, and `POST /v1/principals/{id}/enrolment` makes a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<SecretOutput>,
    /// When it stops working.
    pub expires: Instant,
}

impl Invitation {
    pub(crate) fn new(invitation: hallpass_broker::Invitation, public_url: &str) -> Self {
        let link = format!("{public_url}/enrol/{}", invitation.token.expose());
        Self {
            principal: invitation.principal.into(),
            link: Some(SecretOutput(hallpass_domain::secret::SecretText::new(link))),
            expires: invitation.expires.into(),
        }
    }
}

/// What is kept of it: all but the link.
impl From<(Stored, Timestamp)> for Invitation {
    fn from((principal, expires): (Stored, Timestamp)) -> Self {
        Self { principal: principal.into(), link: None, expires: expires.into() }
    }
}
