//! A client certificate: not in the request, but in the connection that carries it.

use super::{Credential, Kind};
use crate::tls::Certificate;

/// The certificate among a destination's credentials.
pub(crate) fn certificate(credentials: &[std::sync::Arc<Credential>]) -> Option<&Certificate> {
    credentials.iter().find_map(|c| match &c.kind {
        Kind::Certificate(certificate) => Some(certificate),
        _ => None,
    })
}
