//! Targets: one configured instance of a connector.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::{Digest, PrincipalId, TargetId};
use crate::name::Name;

/// A target as stored. Its secrets are kept apart, as envelopes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Its id.
    pub id: TargetId,
    /// Unique among all targets that are there.
    pub name: Name,
    /// `production`, `staging` …: what policies ask about.
    pub environment: Name,
    /// The connector that new holdings use.
    pub connector: Digest,
    /// Settings as the manifest declares them, as text.
    pub settings: BTreeMap<String, String>,
    /// Names of the secrets that are set.
    pub secrets: Vec<String>,
    /// What it was granted beyond the public internet: `http://127.0.0.1:8080`, `https://10.1.2.3`.
    pub network: Vec<String>,
    /// The human who answers for it.
    pub owner: PrincipalId,
    /// When it was added.
    pub created: Timestamp,
    /// One more with each change of settings or secrets.
    pub revision: i64,
    /// Since when it is gone. It stays as what its history names: nothing new happens in it, and its secrets are erased.
    #[serde(default)]
    pub removed: Option<Timestamp>,
}
