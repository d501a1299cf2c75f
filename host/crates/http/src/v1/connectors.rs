//! Connectors: loaded plugin files.

pub(crate) mod accept;
pub(crate) mod list;
pub(crate) mod load;
pub(crate) mod repin;
pub(crate) mod show;
pub(crate) mod trial;
pub(crate) mod unload;
pub(crate) mod upgrade;

pub use accept::Acceptance;
pub use load::LoadQuery;
pub use repin::{NewRepin, Repinned};
pub use trial::{CheckedLaw, NewTrial, SampleWish, Trial};
pub use unload::{Ban, Unloading};
pub use upgrade::{Moved, NewUpgrade, Rollback, Upgrade};

use hallpass_broker::ConnectorRow;
use hallpass_domain::connector::{ConnectorState, permissions_digest};
use hallpass_domain::ids::{Digest, PrincipalId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::entitlements::Entitlement;
use crate::shape::{Instant, words};

/// A loaded connector, as its manifest describes it and the broker checked it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Connector {
    /// SHA-256 of the file: its identity.
    #[schema(value_type = String, example = "sha256:…")]
    pub digest: Digest,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Who publishes it.
    pub publisher: String,
    /// What it is, in one line.
    pub title: String,
    /// What can be asked for with it.
    pub entitlements: Vec<Entitlement>,
    /// Settings that a target has.
    pub settings: Vec<Setting>,
    /// Names of the secrets that a target has.
    pub secrets: Vec<String>,
    /// What it asks for, each as text for an operator to read before it is used.
    pub permissions: Vec<String>,
    /// The digest of that list: whoever accepts names it.
    #[schema(value_type = String, example = "sha256:…")]
    pub permissions_digest: Digest,
    /// What of it was granted: all that it may do. Absent while nobody has accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub granted: Option<Vec<String>>,
    /// Where this version stands.
    #[schema(schema_with = words::connector_state)]
    pub state: ConnectorState,
    /// Names of the trusted keys that signed it; empty where it was loaded unsigned.
    pub signers: Vec<String>,
    /// Who loaded it.
    #[schema(value_type = String)]
    pub loaded_by: PrincipalId,
    /// Why it was banned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was loaded first.
    pub added: Instant,
}

/// A setting of a target.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// What it is, in one line.
    pub title: String,
    /// Whether a target must have it.
    pub required: bool,
    /// The value where a target has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Whether it decides where the target's secrets are sent: who changes it sends them along.
    #[serde(default)]
    pub connects: bool,
}

impl From<ConnectorRow> for Connector {
    fn from(row: ConnectorRow) -> Self {
        let c = row.facts;
        let setting = |s: hallpass_domain::port::SettingFacts| Setting {
            name: s.name,
            title: s.title,
            required: s.required,
            default: s.default,
            connects: s.connects,
        };
        Self {
            digest: c.digest,
            name: c.name,
            version: c.version,
            publisher: c.publisher,
            title: c.title,
            entitlements: c.entitlements.into_iter().map(Entitlement::from).collect(),
            settings: c.settings.into_iter().map(setting).collect(),
            secrets: c.secrets,
            permissions_digest: permissions_digest(&c.permissions),
            permissions: c.permissions,
            granted: row.granted.map(|(lines, _)| lines),
            state: row.state,
            signers: row.signers,
            loaded_by: row.loaded_by,
            reason: row.reason,
            added: row.added.into(),
        }
    }
}
