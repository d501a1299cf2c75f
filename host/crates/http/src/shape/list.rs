//! Lists in parts.

use hallpass_broker::Part;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A part of a list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct List<T> {
    /// The items. A part can be short, even empty, and not be the last.
    pub items: Vec<T>,
    /// Send it as `after` to get the next part. Absent: this is the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> List<T> {
    /// All there is.
    pub(crate) fn whole(items: impl IntoIterator<Item = T>) -> Self {
        Self { items: items.into_iter().collect(), next: None }
    }

    /// A part that was asked for with this limit: when it is full, another may follow.
    pub(crate) fn part(items: impl IntoIterator<Item = T>, limit: u32, cursor: impl Fn(&T) -> String) -> Self {
        let items: Vec<T> = items.into_iter().collect();
        let full = u32::try_from(items.len()).is_ok_and(|n| n >= limit);
        let next = items.last().filter(|_| full).map(cursor);
        Self { items, next }
    }
}

impl<T, U: From<T>> From<Part<T>> for List<U> {
    fn from(part: Part<T>) -> Self {
        Self { items: part.items.into_iter().map(U::from).collect(), next: part.next }
    }
}
