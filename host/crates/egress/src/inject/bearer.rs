//! A token in `Authorization` (RFC 6750).

use hallpass_domain::secret::SecretText;
use http::header::AUTHORIZATION;
use zeroize::Zeroizing;

use super::sensitive;
use crate::head::Head;

/// A bearer token.
pub struct Bearer {
    /// The token.
    pub token: SecretText,
}

impl Bearer {
    pub(super) fn inject(&self, head: &mut Head) -> Result<(), String> {
        inject(&self.token, head)
    }
}

/// Puts `token` into the request.
pub(crate) fn inject(token: &SecretText, head: &mut Head) -> Result<(), String> {
    let text = Zeroizing::new(format!("Bearer {}", token.expose()));
    head.set(AUTHORIZATION, sensitive(&text)?);
    Ok(())
}
