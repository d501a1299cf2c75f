//! What one call may do over HTTP: the requests that the manifest declares for it, filled from the approved holding, to the places that
//! the target's settings name, with the target's secrets.

use std::sync::Arc;

use hallpass_domain::port::{Endpoint, Failure, FailureKind, Invocation};
use hallpass_domain::secret::SecretText;
use hallpass_egress as egress;
use hallpass_egress::{Allowance, Allowed, NetworkGrant, parse_base};

use crate::capability::sql::statement::render::Frozen;
use crate::frame::Services;
use crate::manifest::Manifest;
use crate::manifest::document::{Call, Effect};
use crate::manifest::http::{ClientAuth, Credential, Destination, Text};
use crate::stage::Requests;

/// The allowance of a call of this kind.
pub(crate) fn allowance(
    manifest: &Arc<Manifest>,
    call: &Invocation,
    kind: Call,
    frozen: Frozen<'_>,
    services: &Services,
) -> Result<Allowance, Failure> {
    let target = Target { manifest, endpoint: &call.endpoint };
    let destinations =
        manifest.http.destinations.iter().map(|(name, d)| target.destination(name, d, call, kind, frozen)).collect::<Result<_, _>>()?;
    let network = call.endpoint.network.iter().map(|text| text.parse::<NetworkGrant>());
    Ok(Allowance::new(Allowed {
        target: call.endpoint.id.clone(),
        revision: call.endpoint.revision,
        destinations,
        network: network.collect::<Result<_, _>>().map_err(|e| target.wrong(&format!("was granted {e}")))?,
        deadline: call.deadline,
        bounds: services.limits.http.clone(),
        secrets: call.endpoint.secrets.values().cloned().collect(),
        stage: services.stage.as_ref().map(|stage| Requests::of(stage, manifest)),
    }))
}

struct Target<'a> {
    manifest: &'a Manifest,
    endpoint: &'a Endpoint,
}

impl Target<'_> {
    fn wrong(&self, what: &str) -> Failure {
        Failure::none(FailureKind::InvalidInput, "bad-setting", format!("the target `{}` {what}", self.endpoint.name))
    }

    fn permits(&self, call: &Invocation, kind: &str, name: &str) -> bool {
        self.manifest.permission(kind, name).is_some_and(|line| call.granted.allows(line))
    }

    fn text(&self, text: &Text) -> Result<String, Failure> {
        match text {
            Text::Literal(text) => Ok(text.clone()),
            Text::Setting(from) => self
                .manifest
                .setting(self.endpoint, &from.setting)
                .filter(|v| !v.is_empty())
                .ok_or_else(|| self.wrong(&format!("has no setting `{}`: add it", from.setting))),
        }
    }

    fn secret(&self, name: &str) -> Result<SecretText, Failure> {
        let secret = self.endpoint.secrets.get(name).cloned();
        secret.ok_or_else(|| self.wrong(&format!("has no secret `{name}`: set it")))
    }

    fn url(&self, text: &Text) -> Result<(egress::Origin, String), Failure> {
        let url = self.text(text)?;
        parse_base(&url).map_err(|what| self.wrong(&format!("has an address that {what}")))
    }

    fn destination(
        &self,
        name: &str,
        doc: &Destination,
        call: &Invocation,
        kind: Call,
        frozen: Frozen<'_>,
    ) -> Result<egress::Destination, Failure> {
        let (origin, base) = self.url(&doc.url)?;
        let credentials = doc.credentials.iter().map(|c| self.credential(c).map(Arc::new)).collect::<Result<_, _>>()?;
        let here = self.manifest.http.requests.values().filter(|r| r.to == name && r.calls.contains(&kind));
        // What the manifest asks for is not enough: an operator must have granted it to this version.
        let place = self.permits(call, "destination", name) && doc.credentials.iter().all(|c| self.permits(call, "credential", c));
        let here = here.filter(|r| place && self.permits(call, "request", &r.name));
        // A dry run changes nothing, so it is not given what changes something.
        let rules = here.filter(|r| r.effect == Effect::Read || !call.dry_run).filter_map(|r| r.rule(frozen)).collect();
        let roots = doc.roots.as_ref().and_then(|s| self.manifest.setting(self.endpoint, s)).filter(|pem| !pem.is_empty());
        Ok(egress::Destination { name: name.to_owned(), origin, base, roots, credentials, rules })
    }

    fn credential(&self, name: &str) -> Result<egress::Credential, Failure> {
        let doc = self.manifest.http.credentials.get(name).ok_or_else(|| self.wrong(&format!("has no credential `{name}`")))?;
        let kind = match doc {
            Credential::Bearer { secret } => egress::Kind::Bearer(egress::Bearer { token: self.secret(secret)? }),
            Credential::Basic { user, secret } => {
                egress::Kind::Basic(egress::Basic { user: self.text(user)?, password: self.secret(secret)? })
            }
            Credential::Header { name: header, prefix, secret } => egress::Kind::Header(egress::Header {
                name: header.parse().map_err(|_| self.wrong(&format!("is sent the header `{header}`, which is none")))?,
                prefix: prefix.clone(),
                value: self.secret(secret)?,
            }),
            Credential::Query { name: key, secret } => {
                egress::Kind::Query(egress::Query { name: key.clone(), value: self.secret(secret)? })
            }
            Credential::Oauth2 { token_url, client_id, secret, client_auth, fields } => {
                let (origin, path) = self.url(token_url)?;
                egress::Kind::OAuth2(Box::new(egress::OAuth2 {
                    origin,
                    path: if path.is_empty() { "/".to_owned() } else { path },
                    client_id: self.text(client_id)?,
                    secret: self.secret(secret)?,
                    auth: match client_auth {
                        ClientAuth::Basic => egress::ClientAuth::Basic,
                        ClientAuth::Form => egress::ClientAuth::Form,
                    },
                    fields: fields.iter().map(|(n, v)| self.text(v).map(|v| (n.clone(), v))).collect::<Result<_, _>>()?,
                }))
            }
            Credential::Sigv4 { access_key_id, secret, session_token, region, service } => egress::Kind::SigV4(Box::new(egress::SigV4 {
                access_key_id: self.text(access_key_id)?,
                secret_key: self.secret(secret)?,
                session_token: session_token.as_ref().map(|s| self.secret(s)).transpose()?,
                region: self.text(region)?,
                service: service.clone(),
            })),
            Credential::Certificate { certificate, secret } => {
                egress::Kind::Certificate(egress::Certificate { chain: self.text(certificate)?, key: self.secret(secret)? })
            }
        };
        Ok(egress::Credential { name: name.to_owned(), kind })
    }
}
