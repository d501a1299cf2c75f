//! `/v1`: a folder per noun, a file per verb. The noun's own file says how it looks on the wire.

pub mod approvals;
pub mod audit;
pub mod connectors;
pub mod entitlements;
pub mod grants;
pub mod groups;
pub(crate) mod keys;
pub mod principals;
pub mod requests;
pub mod targets;
