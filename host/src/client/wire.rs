//! One HTTP call: through `egress`, like everything that leaves the process.

use std::time::Duration;

use hallpass_domain::secret::SecretText;
use serde_json::Value;

use super::api::{ClientError, Problem};

/// What is sent.
#[derive(Clone)]
pub(super) enum Body<'a> {
    /// Nothing.
    None,
    /// A JSON document.
    Json(&'a Value),
    /// A form (RFC 6749, section 4.4).
    Form(&'a [(&'a str, &'a str)]),
    /// A file of a media type.
    Bytes(&'a str, &'a [u8]),
}
