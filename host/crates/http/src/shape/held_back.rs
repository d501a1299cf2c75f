//! What keeps something from going on.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words;

/// Something that keeps a target or a request from going on.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct HeldBack {
    /// Of which kind it is.
    #[schema(schema_with = words::obstacle)]
    pub why: String,
    /// The reason in words, and what to do. Parts of it may be a connector's or a target's: untrusted text.
    pub detail: String,
}

impl From<hallpass_broker::HeldBack> for HeldBack {
    fn from(h: hallpass_broker::HeldBack) -> Self {
        Self { why: h.why.as_str().to_owned(), detail: h.detail }
    }
}
