//! AWS Signature Version 4, over headers and the whole body.

use hallpass_domain::clock::Timestamp;
use hallpass_domain::secret::SecretText;
use hmac::{Hmac, Mac as _};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderName, HeaderValue};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::sensitive;
use crate::head::Head;
use crate::path;

const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
const CONTENT: HeaderName = HeaderName::from_static("x-amz-content-sha256");

/// Keys of an AWS account, or of what speaks like AWS.
pub struct SigV4 {
    /// The access key's id, which is no secret.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_key: SecretText,
    /// The token of temporary keys.
    pub session_token: Option<SecretText>,
    /// `eu-central-1`.
    pub region: String,
    /// `iam`.
    pub service: String,
}

impl SigV4 {
    /// Signs `head` as it is; nothing may change in it afterwards.
    pub(super) fn sign(&self, head: &mut Head, now: Timestamp) -> Result<(), String> {
        // `2015-08-30T12:36:00.000Z` to `20150830T123600Z`.
        let text = now.to_string();
        let seconds = text.split('.').next().unwrap_or_default().replace(['-', ':'], "");
        let (date, time) = (seconds.get(..8).unwrap_or_default().to_owned(), format!("{seconds}Z"));
        let body = hex::encode(Sha256::digest(&head.body));
        head.headers.remove(CONTENT);
        head.set(DATE, HeaderValue::try_from(&time).map_err(|e| e.to_string())?);
        if let Some(token) = &self.session_token {
            head.set(TOKEN, sensitive(token.expose())?);
        }
        if self.service == "s3" {
            head.set(CONTENT, HeaderValue::try_from(&body).map_err(|e| e.to_string())?);
        }
        let (names, headers) = canonical_headers(head)?;
        let canonical = Zeroizing::new(format!(
            "{}\n{}\n{}\n{headers}\n{names}\n{body}",
            head.method,
            self.canonical_path(head),
            canonical_query(&head.query)
        ));
        let scope = format!("{date}/{}/{}/aws4_request", self.region, self.service);
        let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex::encode(Sha256::digest(canonical.as_bytes())));
        let first = Zeroizing::new(format!("AWS4{}", self.secret_key.expose()).into_bytes());
        let key = [date.as_str(), &self.region, &self.service, "aws4_request"].iter().try_fold(first, |key, part| mac(&key, part))?;
        let signature = hex::encode(mac(&key, &to_sign)?.as_slice());
        let value = format!("AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}", self.access_key_id);
        head.set(AUTHORIZATION, sensitive(&value)?);
        Ok(())
    }

    /// The path as it is sent, encoded once more; S3 alone takes it encoded once.
    fn canonical_path(&self, head: &Head) -> String {
        let segment = |raw: &str| {
            let once = percent_encoding::percent_decode_str(raw).decode_utf8_lossy().into_owned();
            if self.service == "s3" { path::encode(&once) } else { path::encode(raw) }
        };
        head.path.split('/').map(segment).collect::<Vec<_>>().join("/")
    }
}

/// The host, the type of the body and everything of AWS's own, sorted: their names, and each with its value.
fn canonical_headers(head: &Head) -> Result<(String, String), String> {
    let mut signed = vec![(HOST.to_string(), head.origin.authority())];
    for (name, value) in &head.headers {
        if *name == CONTENT_TYPE || name.as_str().starts_with("x-amz-") {
            let text = value.to_str().map_err(|_| format!("the header {name} is no text, which a signature needs"))?;
            signed.push((name.to_string(), text.split_whitespace().collect::<Vec<_>>().join(" ")));
        }
    }
    signed.sort();
    let names: Vec<&str> = signed.iter().map(|(name, _)| name.as_str()).collect();
    let lines: Vec<String> = signed.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    Ok((names.join(";"), lines.concat()))
}

fn canonical_query(pairs: &[(String, String)]) -> String {
    let mut pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{}={}", path::encode(name), path::encode(value))).collect();
    pairs.sort();
    pairs.join("&")
}

fn mac(key: &[u8], text: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(key).map_err(|e| e.to_string())?;
    mac.update(text.as_bytes());
    Ok(Zeroizing::new(mac.finalize().into_bytes().to_vec()))
}
