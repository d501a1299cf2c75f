//! Entitlements: what can be asked for.

pub(crate) mod list;

use hallpass_domain::holding::Mode;
use hallpass_domain::ids::TargetId;
use hallpass_domain::name::Name;
use hallpass_domain::parameter::ParameterFacts;
use hallpass_domain::port::{EntitlementFacts, Sessions};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::shape::words;

/// A kind of access, as its connector declares it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Entitlement {
    /// Its name.
    #[schema(example = "schema.read")]
    pub name: String,
    /// What it is, in one line.
    pub title: String,
    /// Kinds of the resource, from the outside in.
    #[schema(example = "database/schema")]
    pub resource: String,
    /// Whether an existing account gains something, or an account is made for the grant.
    #[schema(schema_with = words::mode)]
    pub mode: Mode,
    /// What becomes of live sessions at its end.
    #[schema(schema_with = words::sessions)]
    pub sessions: Sessions,
    /// After this long an earlier attempt can have no late effect, in milliseconds.
    pub settles_within_ms: u64,
    /// Whether it can be suspended.
    pub suspend: bool,
    /// Whether the broker looks into the target itself.
    pub host_looks: bool,
    /// What a request for it must carry beside the resource.
    pub parameters: Vec<Parameter>,
}

/// What a request carries beside the resource.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Parameter {
    /// Its name.
    #[schema(example = "level")]
    pub name: String,
    /// What it is, in one line.
    pub title: String,
    /// The values that it may have; absent where it is any text of at most 255 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<String>>,
}

impl From<ParameterFacts> for Parameter {
    fn from(p: ParameterFacts) -> Self {
        Self { name: p.name, title: p.title, values: p.values }
    }
}

impl From<EntitlementFacts> for Entitlement {
    fn from(e: EntitlementFacts) -> Self {
        Self {
            name: e.name,
            title: e.title,
            resource: e.resource,
            mode: e.mode,
            sessions: e.sessions,
            settles_within_ms: e.settles_within_ms,
            suspend: e.suspend,
            host_looks: e.host_looks,
            parameters: e.parameters.into_iter().map(Parameter::from).collect(),
        }
    }
}

/// Something that can be asked for.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Offer {
    /// Where.
    #[schema(value_type = String)]
    pub target: TargetId,
    /// The target's name.
    #[schema(value_type = String)]
    pub target_name: Name,
    /// The target's environment.
    #[schema(value_type = String)]
    pub environment: Name,
    /// What.
    pub entitlement: Entitlement,
}

impl From<hallpass_broker::Offer> for Offer {
    fn from(o: hallpass_broker::Offer) -> Self {
        Self { target: o.target, target_name: o.target_name, environment: o.environment, entitlement: o.entitlement.into() }
    }
}
