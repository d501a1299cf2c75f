//! Lists in parts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A part of a list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct List<T> {
    /// The items.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_part_says_where_the_next_one_begins() {
        let cursor = |n: &i32| n.to_string();
        assert_eq!(List::part([1, 2], 2, cursor).next.as_deref(), Some("2"));
        assert_eq!(List::part([1], 2, cursor).next, None);
        assert_eq!(List::part([], 1, cursor).next, None);
    }
}
