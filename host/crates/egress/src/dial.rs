//! A connection to a checked address, in TLS or in the clear, that speaks HTTP/1.1.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::limits::{MOST_ANSWER_HEADERS, MOST_HEAD_BUFFER};
use crate::origin::{Host, Origin};
use crate::refusal::Refusal;

/// An open connection. Dropped, it is closed.
pub(crate) struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Why a request on an open connection has no answer.
pub(crate) enum Unanswered {
    /// Not one byte of it left.
    Unsent,
    /// It left, or may have.
    Lost(String),
}

impl Connection {
    /// Sends a request and waits for the head of its answer.
    pub(crate) async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Unanswered> {
        if self.sender.ready().await.is_err() {
            return Err(Unanswered::Unsent);
        }
        self.sender.try_send_request(request).await.map_err(|mut e| match e.take_message() {
            Some(_) => Unanswered::Unsent,
            None => Unanswered::Lost(innermost(e.error())),
        })
    }

    /// Whether another request can go out.
    pub(crate) fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }
}

/// What the operating system or TLS said.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(deeper) = error.source() {
        error = deeper;
    }
    error.to_string()
}

/// Dials the first address that answers. `tls` is there exactly for https.
pub(crate) async fn dial(origin: &Origin, addresses: &[SocketAddr], tls: Option<Arc<ClientConfig>>) -> Result<Connection, Refusal> {
    let stream = connect(origin, addresses).await?;
    let Some(tls) = tls else { return speak(origin, stream).await };
    let name = match &origin.host {
        Host::Name(name) => ServerName::try_from(name.clone()).map_err(|e| Refusal::Broken(e.to_string()))?,
        Host::Address(address) => ServerName::IpAddress((*address).into()),
    };
    let stream = tokio_rustls::TlsConnector::from(tls)
        .connect(name, stream)
        .await
        .map_err(|e| Refusal::Untrusted { origin: origin.to_string(), cause: innermost(&e) })?;
    speak(origin, stream).await
}

async fn connect(origin: &Origin, addresses: &[SocketAddr]) -> Result<TcpStream, Refusal> {
    let mut cause = "it has no address".to_owned();
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(e) => cause = e.to_string(),
        }
    }
    Err(Refusal::Unreachable { origin: origin.to_string(), cause })
}

async fn speak<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(origin: &Origin, stream: S) -> Result<Connection, Refusal> {
    let mut builder = http1::Builder::new();
    builder.max_headers(MOST_ANSWER_HEADERS).max_buf_size(MOST_HEAD_BUFFER);
    let (sender, connection) = builder
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|e| Refusal::Unreachable { origin: origin.to_string(), cause: innermost(&e) })?;
    // What breaks it is told to whoever waits for an answer on it.
    let task = tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(Connection { sender, task })
}
