//! Groups: named sets of users.

pub(crate) mod list;
pub(crate) mod set;
pub(crate) mod show;

pub use set::Members;

use hallpass_domain::name::Name;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::shape::Instant;

/// A named set of users.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Group {
    /// Its name.
    #[schema(value_type = String, example = "data-team")]
    pub name: Name,
    /// Names of its members.
    #[schema(value_type = Vec<String>)]
    pub members: Vec<Name>,
    /// Where the membership comes from.
    pub source: String,
    /// When it was last refreshed.
    pub refreshed: Instant,
}

impl From<hallpass_broker::Group> for Group {
    fn from(g: hallpass_broker::Group) -> Self {
        Self { name: g.name, members: g.members, source: g.source, refreshed: g.refreshed.into() }
    }
}
