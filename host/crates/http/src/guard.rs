//! What surrounds every call: its id and span, the time-out, a panic's answer, the headers of every response.
//!
//! The span holds the route's template and never the path, because a path can hold an enrolment token; no query, no header, no
//! body.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::Instrument as _;

use crate::metrics::Traffic;
use crate::problem::Problem;

#[cfg(test)]
mod tests;

/// On every response. Nothing here is for a cache or for a browser to render, and much of it is for one pair of eyes.
const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
];

/// The header that names a call, for whoever looks for it in the broker's log.
const CALL: HeaderName = HeaderName::from_static("x-request-id");

/// What the guard knows. Shared by all calls of this node.
#[derive(Clone)]
pub(crate) struct Guard {
    /// After this long a caller is told that no answer came, but for one who loads a file.
    limit: Duration,
    /// Calls that were answered.
    pub(crate) traffic: Traffic,
    served: Arc<AtomicU64>,
    /// Calls at once. The store's connections are few, and the engine needs them too.
    room: Arc<Semaphore>,
}

/// The most calls at once.
const AT_ONCE: usize = 64;
/// How long a call waits for its turn.
const TURN: Duration = Duration::from_secs(10);
/// Where a file is loaded, and how long that may take: the compiler alone has four minutes, and one file waits for another.
const LOADS: (&Method, &str, Duration) = (&Method::POST, "/v1/connectors", Duration::from_mins(6));
/// What is asked of a node that has no room: whether it lives.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];

impl Guard {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, traffic: Traffic::default(), served: Arc::default(), room: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// A seat for a call; `None` when none became free in time.
    async fn seat(&self) -> Option<OwnedSemaphorePermit> {
        tokio::time::timeout(TURN, Arc::clone(&self.room).acquire_owned()).await.ok()?.ok()
    }

    /// How long this call may take.
    fn limit(&self, method: &Method, route: &str) -> Duration {
        let (loads, at, longer) = LOADS;
        if (loads, at) == (method, route) { self.limit.max(longer) } else { self.limit }
    }

    /// The id of the next call: unique in this process. Nothing depends on its being hard to guess.
    fn next_call(&self) -> String {
        format!("call-{}", self.served.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// Runs one call. It runs as a task of its own: a client that hangs up, or a time-out, does not cut a change in half.
pub(crate) async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let call = guard.next_call();
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let method = request.method().clone();
    let limit = guard.limit(&method, &route);
    let span = tracing::info_span!("call", id = %call, %method, route, status = tracing::field::Empty);
    let seat = if PROBES.contains(&route.as_str()) { None } else { Some(guard.seat().await) };
    let mut response = match seat {
        Some(None) => {
            span.in_scope(|| tracing::warn!("no room for another call"));
            Problem::Busy.into_response()
        }
        seat => answer(limit, next.run(request).instrument(span.clone()), seat.flatten(), &span).await,
    };
    let status = response.status();
    span.record("status", status.as_u16());
    span.in_scope(|| tracing::debug!("answered"));
    guard.traffic.count(&route, &method, status);
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, value);
    }
    if let Ok(value) = HeaderValue::from_str(&call) {
        headers.insert(CALL, value);
    }
    response
}

/// The answer of a call that has its seat, which it keeps until it is done: also past its time-out.
async fn answer(
    limit: Duration,
    call: impl Future<Output = Response> + Send + 'static,
    seat: Option<OwnedSemaphorePermit>,
    span: &tracing::Span,
) -> Response {
    let task = tokio::spawn(async move {
        let response = call.await;
        drop(seat);
        response
    });
    match tokio::time::timeout(limit, task).await {
        Ok(Ok(response)) => response,
        Ok(Err(failure)) => {
            span.in_scope(|| tracing::error!(panicked = failure.is_panic(), "a call ended without an answer"));
            Problem::Internal.into_response()
        }
        Err(_) => {
            span.in_scope(|| tracing::warn!("no answer in time; the call goes on without its caller"));
            Problem::TimedOut.into_response()
        }
    }
}

/// No route has this path.
pub(crate) async fn no_route() -> Problem {
    Problem::NoRoute
}

/// The path is known, the method is not. The framework adds `Allow`.
pub(crate) async fn no_method() -> Problem {
    Problem::NoMethod
}
