//! TLS towards a target: its own roots where it names any, else the public ones; a client certificate where it has one.

use std::sync::Arc;

use hallpass_domain::secret::SecretText;
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::fingerprint::Fingerprint;

/// A client's certificate and key, as PEM.
#[derive(Clone)]
pub struct Certificate {
    /// The certificate, and those between it and its authority.
    pub chain: String,
    /// Its key.
    pub key: SecretText,
}

/// Tells apart what connections trust and how they show who they are.
pub(crate) fn fingerprint(roots: Option<&str>, certificate: Option<&Certificate>) -> Fingerprint {
    let shown = certificate.map_or(["", ""], |c| [c.chain.as_str(), c.key.expose()]);
    Fingerprint::of([roots.unwrap_or_default()].into_iter().chain(shown))
}

/// The configuration of a connection. Sessions are never resumed: a ticket would carry one credential's standing to another.
/// The error is a sentence that names what to mend.
pub(crate) fn config(roots: Option<&str>, certificate: Option<&Certificate>) -> Result<Arc<ClientConfig>, String> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .with_root_certificates(root_store(roots)?);
    let mut config = match certificate {
        None => builder.with_no_client_auth(),
        Some(certificate) => {
            let chain = certificates(&certificate.chain).map_err(|e| format!("the client certificate {e}"))?;
            let key = PrivateKeyDer::from_pem_slice(certificate.key.expose().as_bytes())
                .map_err(|_| "the key of the client certificate is no private key in PEM".to_owned())?;
            builder.with_client_auth_cert(chain, key).map_err(|_| "the client certificate and its key do not belong together".to_owned())?
        }
    };
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn root_store(roots: Option<&str>) -> Result<RootCertStore, String> {
    let Some(pem) = roots else {
        return Ok(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() });
    };
    let mut store = RootCertStore::empty();
    for certificate in certificates(pem).map_err(|e| format!("the root certificate {e}"))? {
        store.add(certificate).map_err(|_| "the root certificate is none that can be used".to_owned())?;
    }
    Ok(store)
}

fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, &'static str> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        _ => Err("is no certificate in PEM"),
    }
}
