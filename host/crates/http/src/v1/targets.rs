//! Targets: configured instances of connectors, and the accounts in them.

pub(crate) mod accounts;
pub(crate) mod add;
pub(crate) mod check;
pub(crate) mod lift;
pub(crate) mod list;
pub(crate) mod remove;
pub(crate) mod set_account;
pub(crate) mod show;
pub(crate) mod update;

pub use add::NewTarget;
pub use check::TargetHealth;
pub use set_account::AccountName;
pub use update::TargetChange;

use std::collections::BTreeMap;

use hallpass_domain::ids::{Digest, PrincipalId, TargetId};
use hallpass_domain::name::Name;
use hallpass_domain::secret::SecretText;
use hallpass_domain::target::Target as Stored;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::problem::Problem;
use crate::shape::{HeldBack, Instant, SecretInput};

/// One configured instance of a connector.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Target {
    /// Its id.
    #[schema(value_type = String, example = "tg_01j00000000000000000000000")]
    pub id: TargetId,
    /// Its name, unique among all targets that are there.
    #[schema(value_type = String, example = "shop-prod")]
    pub name: Name,
    /// What policies ask about.
    #[schema(value_type = String, example = "production")]
    pub environment: Name,
    /// The connector that new holdings use.
    #[schema(value_type = String, example = "sha256:…")]
    pub connector: Digest,
    /// Settings, as the connector declares them.
    pub settings: BTreeMap<String, String>,
    /// Names of the secrets that are set. Their values are never shown.
    pub secrets: Vec<String>,
    /// What it was granted beyond the public internet.
    #[schema(example = json!(["https://10.1.2.3"]))]
    pub network: Vec<String>,
    /// The human who answers for it.
    #[schema(value_type = String)]
    pub owner: PrincipalId,
    /// When it was added.
    pub created: Instant,
    /// One more with each change.
    pub revision: i64,
    /// Since when it is gone: nothing new happens in it, and its secrets are erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<Instant>,
    /// Versions of the connector whose calls have stopped here, because they broke the rules too often in a row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quarantines: Vec<Quarantine>,
    /// What keeps calls to it, or its move to another version, from going on. Looked up for one target, not for lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held_back: Vec<HeldBack>,
}

/// A version whose calls have stopped in a target.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Quarantine {
    /// The version.
    #[schema(value_type = String)]
    pub connector: Digest,
    /// Since when.
    pub since: Instant,
    /// What it did.
    pub reason: String,
}

/// A target with its quarantines.
async fn shown(app: &App, target: Stored) -> Result<Target, Problem> {
    let stopped = app.broker.quarantines(&target.id).await?;
    let quarantine =
        |q: hallpass_domain::connector::Quarantine| Quarantine { connector: q.connector, since: q.since.into(), reason: q.reason };
    Ok(Target { quarantines: stopped.into_iter().map(quarantine).collect(), ..target.into() })
}

/// The same with what holds it back.
async fn shown_whole(app: &App, target: Stored) -> Result<Target, Problem> {
    let held_back = if target.removed.is_none() { app.broker.held_back(&target).await? } else { Vec::new() };
    Ok(Target { held_back: held_back.into_iter().map(HeldBack::from).collect(), ..shown(app, target).await? })
}

impl From<Stored> for Target {
    fn from(t: Stored) -> Self {
        Self {
            id: t.id,
            name: t.name,
            environment: t.environment,
            connector: t.connector,
            settings: t.settings,
            secrets: t.secrets,
            network: t.network,
            owner: t.owner,
            created: t.created.into(),
            revision: t.revision,
            removed: t.removed.map(Into::into),
            quarantines: Vec::new(),
            held_back: Vec::new(),
        }
    }
}

/// A principal's name inside a target.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Account {
    /// Whose.
    #[schema(value_type = String)]
    pub principal: PrincipalId,
    /// Where.
    #[schema(value_type = String)]
    pub target: TargetId,
    /// The name there.
    pub account: String,
}

impl From<hallpass_broker::Account> for Account {
    fn from(a: hallpass_broker::Account) -> Self {
        Self { principal: a.principal, target: a.target, account: a.account }
    }
}

fn secrets(input: BTreeMap<String, SecretInput>) -> BTreeMap<String, SecretText> {
    input.into_iter().map(|(name, SecretInput(value))| (name, value)).collect()
}
