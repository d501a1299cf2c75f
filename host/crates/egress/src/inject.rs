//! Credentials: what each puts into a request. The caller never sees one, and cannot choose where it goes: it belongs to a
//! destination.

pub(crate) mod basic;
pub(crate) mod bearer;
pub(crate) mod header;
pub(crate) mod mtls;
pub(crate) mod oauth2;
pub(crate) mod query;
pub(crate) mod sigv4;

use hallpass_domain::clock::Timestamp;
use http::HeaderValue;

pub use self::basic::Basic;
pub use self::bearer::Bearer;
pub use self::header::Header;
pub use self::oauth2::{ClientAuth, OAuth2};
pub use self::query::Query;
pub use self::sigv4::SigV4;
pub use crate::tls::Certificate;

use crate::head::Head;
use crate::redact::Needles;
use crate::refusal::Refusal;

/// A credential by its name.
pub struct Credential {
    /// Its name in the manifest: what logs and events call it.
    pub name: String,
    /// What it is.
    pub kind: Kind,
}

/// What a credential is.
pub enum Kind {
    /// `Authorization: Bearer …`.
    Bearer(Bearer),
    /// `Authorization: Basic …` (RFC 7617).
    Basic(Basic),
    /// A header of any name.
    Header(Header),
    /// A part of the query.
    Query(Query),
    /// A bearer token that the host fetches (RFC 6749, section 4.4).
    OAuth2(Box<OAuth2>),
    /// AWS Signature Version 4.
    SigV4(Box<SigV4>),
    /// A client certificate.
    Certificate(Certificate),
}

impl Credential {
    /// Names everything that must show in no answer.
    pub(crate) fn tell(&self, needles: &Needles) {
        match &self.kind {
            Kind::Bearer(bearer) => needles.add(bearer.token.expose()),
            Kind::Basic(basic) => {
                needles.add(basic.password.expose());
                needles.add(basic.encoded().expose());
            }
            Kind::Header(header) => needles.add(header.value.expose()),
            Kind::Query(query) => needles.add(query.value.expose()),
            Kind::OAuth2(oauth2) => needles.add(oauth2.secret.expose()),
            Kind::SigV4(keys) => {
                needles.add(keys.secret_key.expose());
                if let Some(token) = &keys.session_token {
                    needles.add(token.expose());
                }
            }
            Kind::Certificate(certificate) => needles.add(certificate.key.expose()),
        }
    }

    /// Puts what needs no network into the request. A signature is over everything else: it comes last.
    pub(crate) fn inject(&self, head: &mut Head, now: Timestamp) -> Result<(), Refusal> {
        let done = match &self.kind {
            Kind::Bearer(bearer) => bearer.inject(head),
            Kind::Basic(basic) => basic.inject(head),
            Kind::Header(header) => header.inject(head),
            Kind::Query(query) => {
                query.inject(head);
                Ok(())
            }
            Kind::SigV4(keys) => keys.sign(head, now),
            // The one is fetched by `Egress`, the other belongs to the connection.
            Kind::OAuth2(_) | Kind::Certificate(_) => Ok(()),
        };
        done.map_err(|cause| Refusal::Credential { name: self.name.clone(), cause })
    }

    /// Whether it must see the request as it is sent.
    pub(crate) fn signs(&self) -> bool {
        matches!(self.kind, Kind::SigV4(_))
    }
}

/// A header's value that no one prints.
fn sensitive(text: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::try_from(text).map_err(|_| "it has a character that no header can carry: set it anew".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests;
