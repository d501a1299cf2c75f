//! A key in the query. Servers log addresses: a header is better where the target takes one.

use hallpass_domain::secret::SecretText;

use crate::head::Head;

/// A part of the query with a secret.
pub struct Query {
    /// Its name.
    pub name: String,
    /// The secret.
    pub value: SecretText,
}

impl Query {
    pub(super) fn inject(&self, head: &mut Head) {
        head.query.retain(|(name, _)| *name != self.name);
        head.query.push((self.name.clone(), self.value.expose().to_owned()));
    }
}
