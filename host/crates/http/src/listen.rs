//! Connections: how many, and how long one may take to say what it wants. Whoever opens many and says nothing keeps neither the
//! broker's descriptors nor its memory.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// After a failure that concerns all connections.
const PAUSE: Duration = Duration::from_millis(200);
/// The most connections at once where descriptors are plenty.
const MOST: u64 = 1_024;

/// Bounds of connections.
#[derive(Debug, Clone, Copy)]
pub struct Connections {
    /// How many at once.
    pub most: usize,
    /// Time for a request's head, and between two requests of one connection.
    pub head: Duration,
}

impl Default for Connections {
    /// Half of the descriptors that this process may have, at most 1,024: the other half is for the store, targets and files.
    /// Thirty seconds for a head.
    fn default() -> Self {
        let descriptors = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
        Self { most: usize::try_from((descriptors / 2).clamp(16, MOST)).unwrap_or(16), head: Duration::from_secs(30) }
    }
}

/// Serves until told to stop; then no connection begins, and the calls in flight are finished.
///
/// # Errors
/// That of a listener that cannot go on. A connection that breaks is its own affair.
pub async fn listen(listener: TcpListener, router: Router, bounds: Connections, stop: CancellationToken) -> std::io::Result<()> {
    let room = Arc::new(Semaphore::new(bounds.most));
    let graceful = GracefulShutdown::new();
    loop {
        // Without room none is taken from the queue: the operating system lets them wait, then refuses.
        let seat = tokio::select! {
            () = stop.cancelled() => break,
            seat = Arc::clone(&room).acquire_owned() => seat.map_err(std::io::Error::other)?,
        };
        let (stream, peer) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(e) if is_of_one_connection(&e) => continue,
                Err(e) => {
                    tracing::error!(cause = %e, "no connection can be taken; it is tried again");
                    // As when descriptors have run out: those that are freed meanwhile are seen then.
                    let _ = tokio::time::timeout(PAUSE, stop.cancelled()).await;
                    continue;
                }
            },
        };
        let service = router.clone().map_request(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo::<SocketAddr>(peer));
            request.map(Body::new)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(bounds.head)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(e) = watched.await {
                tracing::debug!(cause = %e, "a connection broke");
            }
            drop(seat);
        });
    }
    drop(listener);
    graceful.shutdown().await;
    Ok(())
}

fn is_of_one_connection(e: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(e.kind(), ConnectionRefused | ConnectionAborted | ConnectionReset)
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    async fn answer(address: SocketAddr, head: &[u8]) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(head).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn who_says_nothing_loses_the_seat_to_who_waits_for_it() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() }));
        let stop = CancellationToken::new();
        let bounds = Connections { most: 1, head: Duration::from_millis(50) };
        let server = tokio::spawn(listen(listener, router, bounds, stop.clone()));
        // Half a head, and no more.
        let mut mute = TcpStream::connect(address).await.unwrap();
        mute.write_all(b"GET / HTTP/1.1\r\nhost: x").await.unwrap();
        let served = answer(address, b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
        assert!(served.starts_with("HTTP/1.1 200") && served.ends_with("127.0.0.1"), "{served}");
        let mut left = Vec::new();
        mute.read_to_end(&mut left).await.unwrap();
        assert!(!left.starts_with(b"HTTP/1.1 200"), "it was cut off");
        stop.cancel();
        server.await.unwrap().unwrap();
    }
}
