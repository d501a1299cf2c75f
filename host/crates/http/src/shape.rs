//! How the domain's values look on the wire: instants, closed words, secrets, lists. One place for each.

mod answer;
mod held_back;
mod instant;
mod list;
mod secret;
mod settings;
pub(crate) mod words;

pub(crate) use answer::{Created, IdempotencyKey, answer};
pub use held_back::HeldBack;
pub use instant::Instant;
pub use list::List;
pub use secret::{SecretInput, SecretOutput};
pub(crate) use settings::once_each;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The body or query of a call that takes none: nothing, or an empty object.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}
