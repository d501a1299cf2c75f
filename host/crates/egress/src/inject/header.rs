//! A key in a header of the target's own.

use hallpass_domain::secret::SecretText;
use http::HeaderName;
use zeroize::Zeroizing;

use super::sensitive;
use crate::head::Head;

/// A header with a secret.
pub struct Header {
    /// Its name.
    pub name: HeaderName,
    /// What stands before the secret: `Token `, or nothing.
    pub prefix: String,
    /// The secret.
    pub value: SecretText,
}

impl Header {
    pub(super) fn inject(&self, head: &mut Head) -> Result<(), String> {
        let text = Zeroizing::new(format!("{}{}", self.prefix, self.value.expose()));
        head.set(self.name.clone(), sensitive(&text)?);
        Ok(())
    }
}
