//! The section `http` of a manifest, checked whole: every name leads somewhere, every credential belongs to a destination.

use std::collections::BTreeMap;

use hallpass_egress::{is_hosts_own, parse_base};

use super::request::{Request, check_query_name};
use super::slot::Source;
use crate::hostile_text;
use crate::manifest::document::{Call, Document, Effect, SecretUse};
use crate::manifest::http::{Credential, Destination, Text};

/// What the line of a destination without credentials says.
const NOTHING: &str = "nothing";

/// What a manifest says of HTTP.
#[derive(Debug, Default)]
pub(crate) struct Http {
    /// Requests by name, looks included.
    pub(crate) requests: BTreeMap<String, Request>,
    /// Destinations by name.
    pub(crate) destinations: BTreeMap<String, Destination>,
    /// Credentials by name.
    pub(crate) credentials: BTreeMap<String, Credential>,
}

impl Http {
    /// Checks the section; takes it out of `document`. The error is a sentence.
    pub(crate) fn declare(document: &mut Document) -> Result<Self, String> {
        let section = std::mem::take(&mut document.http);
        let requests =
            section.requests.iter().map(|(name, r)| Request::declare(name, r).map(|r| (name.clone(), r))).collect::<Result<_, _>>()?;
        let http = Self { requests, destinations: section.destinations, credentials: section.credentials };
        for (name, destination) in &http.destinations {
            http.check_destination(name, destination, document)?;
        }
        for (name, credential) in &http.credentials {
            http.check_credential(name, credential, document)?;
        }
        http.requests.values().try_for_each(|r| http.check_request(r, document))?;
        http.check_secrets(document)?;
        Ok(http)
    }

    /// Whether a call may change anything over HTTP.
    pub(crate) fn changes(&self) -> bool {
        self.requests.values().any(|r| r.effect == Effect::Change)
    }

    /// Whether the setting decides where a credential is sent, or is part of one.
    pub(crate) fn connects(&self, setting: &str) -> bool {
        let is = |text: &Text| matches!(text, Text::Setting(from) if from.setting == setting);
        self.destinations.values().any(|d| is(&d.url) || d.roots.as_deref() == Some(setting))
            || self.credentials.values().flat_map(Credential::texts).any(is)
    }

    /// One line per permission.
    pub(crate) fn permissions(&self, out: &mut Vec<String>) {
        for (name, credential) in &self.credentials {
            out.push(format!("credential {name}: {}", credential.describe()));
        }
        for (name, destination) in &self.destinations {
            let with = if destination.credentials.is_empty() { NOTHING.to_owned() } else { destination.credentials.join(" and ") };
            let roots = destination.roots.as_ref().map_or(String::new(), |s| format!(", trusted by <setting {s}>"));
            out.push(format!("destination {name}: {} with {with}{roots}", destination.url));
        }
        out.extend(self.requests.values().map(Request::describe));
    }

    fn check_destination(&self, name: &str, destination: &Destination, document: &Document) -> Result<(), String> {
        let wrong = |what: &str| Err(format!("the destination `{name}` {what}"));
        check_text(&destination.url, document).map_err(|what| format!("the destination `{name}` {what}"))?;
        if let Text::Literal(url) = &destination.url {
            parse_base(url).map_err(|what| format!("the destination `{name}` {what}"))?;
        }
        if let Some(setting) = destination.roots.as_ref().filter(|s| !document.settings.contains_key(*s)) {
            return wrong(&format!("takes its roots from the setting `{setting}`, which is not declared"));
        }
        if !self.requests.values().any(|r| r.to == name) {
            return wrong("has no request: name it in `to` of one, or remove it");
        }
        let (mut certificates, mut others) = (0, 0);
        for credential in &destination.credentials {
            match self.credentials.get(credential) {
                None => return wrong(&format!("names the credential `{credential}`, which is not declared")),
                Some(Credential::Certificate { .. }) => certificates += 1,
                Some(_) => others += 1,
            }
        }
        if certificates > 1 || others > 1 {
            return wrong("has more than one credential: it takes one, and a certificate beside it");
        }
        Ok(())
    }

    fn check_credential(&self, name: &str, credential: &Credential, document: &Document) -> Result<(), String> {
        let of = |what: String| format!("the credential `{name}` {what}");
        if name == NOTHING {
            return Err(of("has the word for no credential as its name: give it another".to_owned()));
        }
        if !self.destinations.values().any(|d| d.credentials.iter().any(|c| c == name)) {
            return Err(of("goes to no destination: name it in `credentials` of one, or remove it".to_owned()));
        }
        for secret in credential.secrets() {
            if !document.secrets.get(secret).is_some_and(|s| s.r#use.contains(&SecretUse::Http)) {
                return Err(of(format!("is made of the secret `{secret}`, which is not declared with the use `http`")));
            }
        }
        credential.texts().into_iter().try_for_each(|text| check_text(text, document).map_err(of))?;
        match credential {
            Credential::Header { name: header, .. } => {
                let parsed =
                    header.parse::<http::HeaderName>().map_err(|_| of(format!("has the header `{header}`, which is no name of one")))?;
                if is_hosts_own(&parsed) && !["authorization", "cookie"].contains(&parsed.as_str()) {
                    return Err(of(format!("has the header `{header}`, which HTTP itself needs")));
                }
            }
            Credential::Query { name: part, .. } => check_query_name(part).map_err(of)?,
            Credential::Oauth2 { token_url: Text::Literal(url), .. } => {
                parse_base(url).map_err(|what| of(format!("has a `token_url` that {what}")))?;
            }
            _ => {}
        }
        Ok(())
    }

    fn check_request(&self, request: &Request, document: &Document) -> Result<(), String> {
        let of = |what: String| Err(format!("the request `{}` {what}", request.name));
        if !self.destinations.contains_key(&request.to) {
            return of(format!("goes to `{}`, which is no destination", request.to));
        }
        if document.statements.contains_key(&request.name) {
            return of("has the name of a statement: give it another".to_owned());
        }
        if let Some(recipe) = request.recipes().find(|r| !document.recipes.contains_key(*r)) {
            return of(format!("takes a secret of the recipe `{recipe}`, which is not declared"));
        }
        for source in request.sources() {
            match source {
                Source::Resource(kind) if !document.entitlements.iter().any(|e| e.resource.split('/').any(|k| k == kind)) => {
                    return of(format!("is filled with `resource.{kind}`, a kind that no entitlement has"));
                }
                Source::Parameter(key) if !document.entitlements.iter().any(|e| e.parameters.contains_key(key)) => {
                    return of(format!("is filled with `parameter.{key}`, which no entitlement declares"));
                }
                _ => {}
            }
        }
        if request.calls.contains(&Call::Look) && !document.entitlements.iter().any(|e| e.look.contains(&request.name)) {
            return of("is a look and belongs to no entitlement: name it in one's `look`".to_owned());
        }
        if request.effect == Effect::Change
            && let Some(entitlement) = document.entitlements.iter().find(|e| e.settles_within_ms == 0)
        {
            return Err(format!(
                "the entitlement `{}` has `settles_within_ms` 0 and is given over HTTP, where nobody can cut an earlier attempt off: say after how long none can have a late effect",
                entitlement.name
            ));
        }
        Ok(())
    }

    fn check_secrets(&self, document: &Document) -> Result<(), String> {
        let used = |name: &String| self.credentials.values().any(|c| c.secrets().contains(&name.as_str()));
        let idle = document.secrets.iter().find(|(name, s)| s.r#use.contains(&SecretUse::Http) && !used(name));
        match idle {
            Some((name, _)) => Err(format!("the secret `{name}` has the use `http` and no credential is made of it")),
            None => Ok(()),
        }
    }
}

fn check_text(text: &Text, document: &Document) -> Result<(), String> {
    match text {
        Text::Setting(from) if !document.settings.contains_key(&from.setting) => {
            Err(format!("takes a value from the setting `{}`, which is not declared", from.setting))
        }
        Text::Setting(_) | Text::Literal(_) => Ok(()),
    }
}

impl Credential {
    /// The secrets that it is made of.
    pub(crate) fn secrets(&self) -> Vec<&str> {
        match self {
            Self::Bearer { secret }
            | Self::Basic { secret, .. }
            | Self::Header { secret, .. }
            | Self::Query { secret, .. }
            | Self::Oauth2 { secret, .. }
            | Self::Certificate { secret, .. } => vec![secret],
            Self::Sigv4 { secret, session_token, .. } => std::iter::once(secret.as_str()).chain(session_token.as_deref()).collect(),
        }
    }

    fn texts(&self) -> Vec<&Text> {
        match self {
            Self::Bearer { .. } | Self::Header { .. } | Self::Query { .. } => vec![],
            Self::Basic { user, .. } => vec![user],
            Self::Oauth2 { token_url, client_id, fields, .. } => [token_url, client_id].into_iter().chain(fields.values()).collect(),
            Self::Sigv4 { access_key_id, region, .. } => vec![access_key_id, region],
            Self::Certificate { certificate, .. } => vec![certificate],
        }
    }

    /// What it is, for the operator: every part of it, since each decides what is sent.
    pub(crate) fn describe(&self) -> String {
        let secret = self.secrets().join(" and session token ");
        match self {
            Self::Bearer { .. } => format!("{secret} as bearer token"),
            Self::Basic { user, .. } => format!("{secret} as password of {user}"),
            Self::Header { name, prefix, .. } => {
                let prefix = if prefix.is_empty() { String::new() } else { format!(" after {}", hostile_text::quoted(prefix)) };
                format!("{secret} in the header {name}{prefix}")
            }
            Self::Query { name, .. } => format!("{secret} in the query as {name}"),
            Self::Oauth2 { token_url, client_id, client_auth, fields, .. } => {
                let fields: Vec<String> = fields.iter().map(|(k, v)| format!("; field {} = {v}", hostile_text::word(k))).collect();
                let (auth, fields) = (client_auth.word(), fields.concat());
                format!("a token that the host fetches at {token_url} as {client_id} with {secret} (client auth {auth}{fields})")
            }
            Self::Sigv4 { access_key_id, service, region, .. } => {
                format!("AWS signature for {} in {region} as {access_key_id} with {secret}", hostile_text::word(service))
            }
            Self::Certificate { certificate, .. } => format!("client certificate {certificate} with the key {secret}"),
        }
    }
}

impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Literal(text) => f.write_str(&hostile_text::word(text)),
            Self::Setting(from) => write!(f, "<setting {}>", from.setting),
        }
    }
}
