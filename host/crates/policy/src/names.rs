//! The schema, and the Cedar names that the facts are translated to, parsed once.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::LazyLock;

use cedar_policy::{EntityId, EntityTypeName, EntityUid, Schema};

use crate::action::Action;
use crate::fault::Problem;

/// What policies can speak about.
pub(crate) const SCHEMA: &str = include_str!("schema.cedarschema");

static PARSED: LazyLock<Result<Schema, Problem>> =
    LazyLock::new(|| Schema::from_cedarschema_str(SCHEMA).map(|(schema, _)| schema).map_err(|e| Problem::BuiltIn(e.to_string())));

/// The schema, parsed once in the life of the process.
pub(crate) fn parse_schema() -> Result<Schema, Problem> {
    PARSED.clone()
}

/// Names of entity types and actions.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) user: EntityTypeName,
    pub(crate) agent: EntityTypeName,
    pub(crate) workload: EntityTypeName,
    pub(crate) group: EntityTypeName,
    pub(crate) connector: EntityTypeName,
    pub(crate) target: EntityTypeName,
    pub(crate) resource: EntityTypeName,
    pub(crate) access: EntityTypeName,
    pub(crate) request: EntityTypeName,
    pub(crate) upgrade_request: EntityTypeName,
    pub(crate) grant: EntityTypeName,
    pub(crate) installation: EntityUid,
    pub(crate) parameters: EntityUid,
    actions: BTreeMap<Action, EntityUid>,
}

impl Names {
    /// All of them.
    pub(crate) fn parse() -> Result<Self, Problem> {
        let name = |text: &str| EntityTypeName::from_str(text).map_err(|e| Problem::BuiltIn(e.to_string()));
        let action = name("Action")?;
        Ok(Self {
            user: name("User")?,
            agent: name("Agent")?,
            workload: name("Workload")?,
            group: name("Group")?,
            connector: name("Connector")?,
            target: name("Target")?,
            resource: name("Resource")?,
            access: name("Access")?,
            request: name("Request")?,
            upgrade_request: name("UpgradeRequest")?,
            grant: name("Grant")?,
            installation: uid(&name("Installation")?, "this"),
            parameters: uid(&name("Parameters")?, "asked"),
            actions: Action::ALL.iter().map(|a| (*a, uid(&action, a.as_str()))).collect(),
        })
    }

    /// The Cedar name of an action.
    pub(crate) fn action(&self, action: Action) -> Option<&EntityUid> {
        self.actions.get(&action)
    }
}

/// The entity of this type with this id.
pub(crate) fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}
