//! Secrets that an API wants inside a body: put where the manifest says, by the host, and nowhere else.

use bytes::Bytes;
use hallpass_domain::secret::SecretText;

use crate::policy::Allowance;
use crate::refusal::Refusal;

/// The body with each secret in its place. What the caller wrote there is replaced; a place that is missing is refused.
pub(crate) fn fill(
    body: Bytes,
    places: &[(String, String)],
    secrets: &[(String, SecretText)],
    allowance: &Allowance,
) -> Result<Bytes, Refusal> {
    if places.is_empty() {
        return Ok(body);
    }
    let mut document: serde_json::Value =
        serde_json::from_slice(&body).map_err(|_| Refusal::Denied("its body is no JSON, and a secret belongs into it".to_owned()))?;
    for (name, pointer) in places {
        let secret = secrets.iter().rev().find(|(n, _)| n == name).map(|(_, secret)| secret);
        let secret =
            secret.ok_or_else(|| Refusal::Denied(format!("the secret `{name}` belongs into its body and was not made in this call")))?;
        let place = document
            .pointer_mut(pointer)
            .ok_or_else(|| Refusal::Denied(format!("its body has nothing at `{pointer}`, where a secret belongs")))?;
        *place = serde_json::Value::String(secret.expose().to_owned());
        allowance.hide(secret)?;
    }
    Ok(document.to_string().into())
}
