//! The conformance kit: first-party connectors keep every law, and each law catches a connector that breaks it.

mod bench;
mod commands;
mod first_party;
mod planted;
pub(crate) mod trial;
mod violations;
