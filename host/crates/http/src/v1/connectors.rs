//! Connectors: loaded plugin files.

pub(crate) mod list;
pub(crate) mod load;
pub(crate) mod show;

use hallpass_domain::ids::Digest;
use hallpass_domain::port::ConnectorFacts;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::entitlements::Entitlement;

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
    /// What it may do, each as text for an operator to read before it is used.
    pub permissions: Vec<String>,
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
}

impl From<ConnectorFacts> for Connector {
    fn from(c: ConnectorFacts) -> Self {
        let setting =
            |s: hallpass_domain::port::SettingFacts| Setting { name: s.name, title: s.title, required: s.required, default: s.default };
        Self {
            digest: c.digest,
            name: c.name,
            version: c.version,
            publisher: c.publisher,
            title: c.title,
            entitlements: c.entitlements.into_iter().map(Entitlement::from).collect(),
            settings: c.settings.into_iter().map(setting).collect(),
            secrets: c.secrets,
            permissions: c.permissions,
        }
    }
}
