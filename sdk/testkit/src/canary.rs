//! Secrets that can be recognised wherever they show.

/// What every canary begins with.
const MARK: &str = "hallpass-canary-";

/// The canary of a name.
pub(crate) fn of(name: &str) -> String {
    format!("{MARK}{name}-0d5c3b")
}

/// Whether a canary shows in a text.
pub(crate) fn shows(text: &str) -> bool {
    text.contains(MARK)
}
