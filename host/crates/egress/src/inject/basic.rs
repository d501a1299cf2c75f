//! A name and a password in `Authorization` (RFC 7617).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hallpass_domain::secret::SecretText;
use http::header::AUTHORIZATION;
use zeroize::Zeroizing;

use super::sensitive;
use crate::head::Head;

/// A name and a password.
pub struct Basic {
    /// The name.
    pub user: String,
    /// The password.
    pub password: SecretText,
}

impl Basic {
    /// Both, as they are sent.
    pub(crate) fn encoded(&self) -> SecretText {
        let both = Zeroizing::new(format!("{}:{}", self.user, self.password.expose()));
        SecretText::new(STANDARD.encode(both.as_bytes()))
    }

    pub(crate) fn inject(&self, head: &mut Head) -> Result<(), String> {
        if self.user.contains(':') {
            return Err("the user name has a `:`, which Basic authentication cannot carry".to_owned());
        }
        let text = Zeroizing::new(format!("Basic {}", self.encoded().expose()));
        head.set(AUTHORIZATION, sensitive(&text)?);
        Ok(())
    }
}
