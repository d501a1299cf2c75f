//! The section `http` of a manifest as it is written: shape only, no rule.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::document::{Call, Effect, once_each, states};

/// Where a connector goes, as whom, and what it may ask there.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Http {
    #[serde(default, deserialize_with = "once_each")]
    pub(crate) destinations: BTreeMap<String, Destination>,
    #[serde(default, deserialize_with = "once_each")]
    pub(crate) credentials: BTreeMap<String, Credential>,
    #[serde(default, deserialize_with = "once_each")]
    pub(crate) requests: BTreeMap<String, Request>,
}

/// A text of the manifest, or of the target.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Text {
    Literal(String),
    Setting(FromSetting),
}

/// The name of a setting.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FromSetting {
    pub(crate) setting: String,
}

/// A place.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Destination {
    /// `https://host[:port][/base]`.
    pub(crate) url: Text,
    /// The setting that holds root certificates in PEM.
    pub(crate) roots: Option<String>,
    #[serde(default)]
    pub(crate) credentials: Vec<String>,
}

/// A credential; `secret` is the name of a secret of the target.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "snake_case", deny_unknown_fields)]
pub(crate) enum Credential {
    Bearer {
        secret: String,
    },
    Basic {
        user: Text,
        secret: String,
    },
    Header {
        name: String,
        #[serde(default)]
        prefix: String,
        secret: String,
    },
    Query {
        name: String,
        secret: String,
    },
    Oauth2 {
        token_url: Text,
        client_id: Text,
        secret: String,
        #[serde(default)]
        client_auth: ClientAuth,
        #[serde(default, deserialize_with = "once_each")]
        fields: BTreeMap<String, Text>,
    },
    Sigv4 {
        access_key_id: Text,
        secret: String,
        session_token: Option<String>,
        region: Text,
        service: String,
    },
    Certificate {
        certificate: Text,
        secret: String,
    },
}

impl ClientAuth {
    /// The word of the manifest.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Form => "form",
        }
    }
}

/// How an OAuth client says who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ClientAuth {
    #[default]
    Basic,
    Form,
}

/// A request that may be made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// The destination.
    pub(crate) to: String,
    pub(crate) method: String,
    /// `/orgs/{org}/members/{user}`.
    pub(crate) path: String,
    #[serde(default, deserialize_with = "once_each")]
    pub(crate) slots: BTreeMap<String, String>,
    /// Parts of the query: where each value comes from, `text` for any, `=…` for exactly this.
    #[serde(default, deserialize_with = "once_each")]
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) effect: Option<Effect>,
    pub(crate) calls: Vec<Call>,
    /// JSON pointers into the body, and the recipe of the secret that the host puts there.
    #[serde(default, deserialize_with = "once_each")]
    pub(crate) secrets: BTreeMap<String, String>,
    /// JSON pointers into the answer, and the name of the secret at each.
    #[serde(default, deserialize_with = "once_each")]
    pub(crate) capture: BTreeMap<String, String>,
    pub(crate) expect: Option<Expect>,
}

/// The states that a look tells apart.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    pub(crate) present: Reply,
    pub(crate) suspended: Option<Reply>,
    pub(crate) absent: Reply,
}

impl Expect {
    /// All of it, as the operator reads it.
    pub(crate) fn describe(&self) -> String {
        // Sorted as written: whether JSON sorts its keys depends on how this program was built, and a line must not.
        let state = |reply: &Reply| serde_json::json!({"body": reply.body, "status": reply.status});
        states(state(&self.present), self.suspended.as_ref().map(state), state(&self.absent))
    }
}

/// What an answer is in one state.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// JSON pointers, and what is at each.
    #[serde(default, deserialize_with = "once_each")]
    pub(crate) body: BTreeMap<String, serde_json::Value>,
}
