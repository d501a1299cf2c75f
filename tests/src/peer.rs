//! A counterpart that speaks HTTP: what it was asked can be read, what it answers is the test's; in the clear or in TLS under an
//! authority of its own.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, Response, Uri};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::server::TlsStream;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Its method.
    pub method: Method,
    /// Path and query.
    pub uri: Uri,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: String,
    /// Which connection brought it.
    pub from: SocketAddr,
}

impl Seen {
    /// The header of this name, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    /// Everything that arrived, as JSON: what an endpoint that echoes gives back.
    pub fn echo(&self) -> Value {
        let headers: serde_json::Map<String, Value> =
            self.headers.iter().map(|(n, v)| (n.to_string(), String::from_utf8_lossy(v.as_bytes()).into())).collect();
        json!({"method": self.method.as_str(), "uri": self.uri.to_string(), "headers": headers, "body": self.body})
    }
}

/// An answer of this status with this JSON.
pub fn answer(status: u16, body: &Value) -> Response<Body> {
    let response = Response::builder().status(status).header("content-type", "application/json");
    response.body(Body::from(body.to_string())).unwrap()
}

type Handler = dyn Fn(&Seen) -> Response<Body> + Send + Sync;

/// A server that lives as long as its test.
pub struct Peer {
    /// Where it listens.
    pub address: SocketAddr,
    scheme: &'static str,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Peer {
    /// Listens in the clear on this machine.
    pub async fn start(handler: impl Fn(&Seen) -> Response<Body> + Send + Sync + 'static) -> Self {
        Self::serve(None, Arc::new(handler)).await
    }

    /// Listens in TLS.
    pub async fn start_tls(tls: rustls::ServerConfig, handler: impl Fn(&Seen) -> Response<Body> + Send + Sync + 'static) -> Self {
        Self::serve(Some(tls), Arc::new(handler)).await
    }

    async fn serve(tls: Option<rustls::ServerConfig>, handler: Arc<Handler>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let scheme = if tls.is_some() { "https" } else { "http" };
        let list = Arc::clone(&seen);
        let router = axum::Router::new().fallback(move |axum::extract::ConnectInfo(From(from)), request: Request<Body>| {
            let (handler, list) = (Arc::clone(&handler), Arc::clone(&list));
            async move {
                let (parts, body) = request.into_parts();
                let body = String::from_utf8_lossy(&to_bytes(body, usize::MAX).await.unwrap_or_default()).into_owned();
                let seen = Seen { method: parts.method, uri: parts.uri, headers: parts.headers, body, from };
                let response = handler(&seen);
                list.lock().unwrap().push(seen);
                response
            }
        });
        let service = router.into_make_service_with_connect_info::<From>();
        let task = match tls {
            None => tokio::spawn(async move { axum::serve(listener, service).await.unwrap() }),
            Some(config) => {
                let listener = Tls { listener, acceptor: tokio_rustls::TlsAcceptor::from(Arc::new(config)) };
                tokio::spawn(async move { axum::serve(listener, service).await.unwrap() })
            }
        };
        Self { address, scheme, seen, task }
    }

    /// Its address with this host in it.
    pub fn url(&self, host: &str) -> String {
        format!("{}://{host}:{}", self.scheme, self.address.port())
    }

    /// Everything that arrived so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

/// Where a connection comes from.
#[derive(Debug, Clone)]
struct From(SocketAddr);

impl axum::extract::connect_info::Connected<axum::serve::IncomingStream<'_, TcpListener>> for From {
    fn connect_info(stream: axum::serve::IncomingStream<'_, TcpListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

impl axum::extract::connect_info::Connected<axum::serve::IncomingStream<'_, Tls>> for From {
    fn connect_info(stream: axum::serve::IncomingStream<'_, Tls>) -> Self {
        Self(*stream.remote_addr())
    }
}

struct Tls {
    listener: TcpListener,
    acceptor: tokio_rustls::TlsAcceptor,
}

impl axum::serve::Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Ok((stream, from)) = self.listener.accept().await else { continue };
            // A client that does not trust us, or that we do not trust, is gone; the next one counts.
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, from);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A certificate authority that lives as long as its test.
pub struct Authority {
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
    certificate: rcgen::Certificate,
}

impl Default for Authority {
    fn default() -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        Self { issuer: rcgen::Issuer::new(params, key), certificate }
    }
}

impl Authority {
    /// Its own certificate, PEM.
    pub fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// A certificate for this name, and its key, both PEM.
    pub fn issue(&self, name: &str) -> (String, String) {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    /// A server under this name; with `clients`, one that takes only clients of that authority.
    pub fn server(&self, name: &str, clients: Option<&Authority>) -> rustls::ServerConfig {
        use rustls::pki_types::pem::PemObject as _;
        let (chain, key) = self.issue(name);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().unwrap();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = rustls::RootCertStore::empty();
                roots.add(authority.certificate.der().clone()).unwrap();
                let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let chain = CertificateDer::from_pem_slice(chain.as_bytes()).unwrap();
        builder.with_single_cert(vec![chain], PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap()).unwrap()
    }
}
