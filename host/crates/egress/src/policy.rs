//! What one call may reach: destinations, and the requests that each takes. Everything else is refused.

use std::collections::BTreeMap;
use std::sync::Arc;

use hallpass_domain::clock::Timestamp;
use hallpass_domain::ids::TargetId;
use hallpass_domain::secret::SecretText;
use http::{Method, Uri};

use crate::inject::Credential;
use crate::limits::{Bounds, Meter};
use crate::network::NetworkGrant;
use crate::origin::Origin;
use crate::path::{self, Segment};
use crate::redact::Needles;
use crate::refusal::Refusal;
use crate::stage::Stage;

/// A place that a call may reach.
pub struct Destination {
    /// Its name, for people.
    pub name: String,
    /// Where it is.
    pub origin: Origin,
    /// The path below which everything lies: `/api/v3`, or nothing.
    pub base: String,
    /// Root certificates in PEM; the public ones where there are none.
    pub roots: Option<String>,
    /// What is injected.
    pub credentials: Vec<Arc<Credential>>,
    /// What may be asked.
    pub rules: Vec<Rule>,
}

/// A request that may be made.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its name, for people.
    pub name: String,
    /// The method.
    pub method: Method,
    /// The path below the destination's base.
    pub path: Vec<Segment>,
    /// Parts of the query: `None` for any value or none at all, else exactly this value, which must be there.
    pub query: BTreeMap<String, Option<String>>,
    /// Secrets that the host puts into a JSON body: a name, and the JSON pointer to its place.
    pub places: Vec<(String, String)>,
    /// Secrets in the answer: a name, and the JSON pointer to it.
    pub captures: Vec<(String, String)>,
}

/// What one call may do on the network.
pub struct Allowance {
    pub(crate) target: TargetId,
    pub(crate) revision: i64,
    pub(crate) destinations: Vec<Destination>,
    pub(crate) network: Vec<NetworkGrant>,
    pub(crate) deadline: Timestamp,
    pub(crate) meter: Meter,
    pub(crate) needles: Needles,
    pub(crate) stage: Option<Arc<dyn Stage>>,
}

/// What an [`Allowance`] is made of.
pub struct Allowed {
    /// The target.
    pub target: TargetId,
    /// The revision of its settings.
    pub revision: i64,
    /// Where the call may go.
    pub destinations: Vec<Destination>,
    /// What an operator granted beyond the public internet.
    pub network: Vec<NetworkGrant>,
    /// When the call ends.
    pub deadline: Timestamp,
    /// Its bounds.
    pub bounds: Bounds,
    /// Everything that must show in no answer.
    pub secrets: Vec<SecretText>,
    /// In conformance, what answers instead of the network.
    pub stage: Option<Arc<dyn Stage>>,
}

impl Allowance {
    /// Freezes what a call may do.
    pub fn new(allowed: Allowed) -> Self {
        let needles = Needles::default();
        for secret in &allowed.secrets {
            needles.add(secret.expose());
        }
        for credential in allowed.destinations.iter().flat_map(|d| &d.credentials) {
            credential.tell(&needles);
        }
        Self {
            target: allowed.target,
            revision: allowed.revision,
            destinations: allowed.destinations,
            network: allowed.network,
            deadline: allowed.deadline,
            meter: Meter::new(allowed.bounds),
            needles,
            stage: allowed.stage,
        }
    }

    /// The address below which everything of a destination lies.
    pub fn base(&self, destination: &str) -> Option<String> {
        let found = self.destinations.iter().find(|d| d.name == destination)?;
        Some(format!("{}{}", found.origin, found.base))
    }

    /// Adds a secret, which was counted already, that must show in no later answer of this call. Refuses what is too much together.
    pub(crate) fn hide_counted(&self, secret: &SecretText) -> Result<(), Refusal> {
        if !self.needles.knows(secret.expose()) {
            self.meter.knows_bytes(secret.expose().len())?;
            self.needles.add(secret.expose());
        }
        Ok(())
    }

    /// Adds and counts a secret that is put into a body.
    pub(crate) fn hide(&self, secret: &SecretText) -> Result<(), Refusal> {
        if !self.needles.knows(secret.expose()) {
            self.meter.knows(1)?;
        }
        self.hide_counted(secret)
    }

    /// Adds and counts a token that was fetched. Its length is bounded where it is read.
    pub(crate) fn hide_token(&self, token: &SecretText) -> Result<(), Refusal> {
        if !self.needles.knows(token.expose()) {
            self.meter.knows(1)?;
            self.needles.add(token.expose());
        }
        Ok(())
    }

    /// Counts bytes of a body that a request of this call is to send, as they come: before they are kept, and whether or not they go
    /// out. Refuses what is more than the bound.
    pub fn take_in(&self, bytes: usize) -> Result<(), Refusal> {
        self.meter.sends(bytes)
    }

    /// The same text without any secret that this call knows.
    pub fn redact(&self, text: &str) -> String {
        self.needles.redact_text(text)
    }
}

/// A request that is allowed, in the one form in which it is sent.
pub(crate) struct Admitted<'a> {
    pub(crate) destination: &'a Destination,
    pub(crate) rule: &'a Rule,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) places: Vec<(String, String)>,
    pub(crate) captures: Vec<(String, String)>,
}

impl Allowance {
    /// Decides on a request.
    pub(crate) fn admit(&self, method: &Method, uri: &Uri) -> Result<Admitted<'_>, Refusal> {
        let denied = |message: String| Refusal::Denied(message);
        let authority = uri.authority().ok_or_else(|| denied("it names no host".to_owned()))?;
        let origin =
            Origin::parse(uri.scheme_str().unwrap_or("https"), authority.as_str()).map_err(|e| denied(format!("its address {e}")))?;
        let raw = uri.path_and_query().map_or("/", |p| p.as_str());
        if raw.len() > path::MOST_BYTES {
            return Err(denied(format!("its path has more than {} bytes", path::MOST_BYTES)));
        }
        let segments = path::segments(uri.path()).map_err(|e| denied(format!("its path {e}")))?;
        let query = path::pairs(uri.query().unwrap_or_default());
        let mut here = self.destinations.iter().filter(|d| d.origin == origin).peekable();
        if here.peek().is_none() {
            let known: Vec<String> = self.destinations.iter().map(|d| d.origin.to_string()).collect();
            return Err(denied(format!("{origin} is no destination of this call; it may reach {}", list(&known))));
        }
        let mut admitted: Option<Admitted<'_>> = None;
        for destination in here {
            let base = path::segments(&destination.base).unwrap_or_default();
            let Some(below) = segments.strip_prefix(base.as_slice()) else { continue };
            for rule in &destination.rules {
                if rule.method != *method || !path::matches(&rule.path, below) || !rule.fits(&query) {
                    continue;
                }
                let admitted = admitted.get_or_insert_with(|| {
                    let (path, query) = (path::write(&segments), query.clone());
                    Admitted { destination, rule, path, query, places: vec![], captures: vec![] }
                });
                // Whatever one of the fitting rules calls a secret is one.
                admitted.places.extend(rule.places.iter().cloned());
                admitted.captures.extend(rule.captures.iter().cloned());
            }
        }
        admitted.ok_or_else(|| {
            let names: Vec<&str> = query.iter().map(|(name, _)| name.as_str()).collect();
            let with = if names.is_empty() { String::new() } else { format!(" with the query {}", names.join(", ")) };
            let path: String = path::write(&segments).chars().take(300).collect();
            denied(format!("the manifest declares no request `{method} {path}`{with} for this call and holding"))
        })
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

impl Rule {
    fn fits(&self, query: &[(String, String)]) -> bool {
        let declared = query.iter().all(|(name, value)| match self.query.get(name) {
            Some(None) => true,
            Some(Some(wanted)) => wanted == value,
            None => false,
        });
        let once = |name: &String| query.iter().filter(|(n, _)| n == name).count();
        declared && self.query.iter().all(|(name, wanted)| if wanted.is_some() { once(name) == 1 } else { once(name) <= 1 })
    }
}

#[cfg(test)]
mod tests;
