//! What one call may use of the network, and what it has used.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hallpass_domain::clock::{Clock, Millis, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::refusal::Refusal;

/// Headers of an answer.
pub(crate) const MOST_ANSWER_HEADERS: usize = 100;
/// Head of an answer, in bytes.
pub(crate) const MOST_HEAD_BUFFER: usize = 64 * 1024;

/// The bounds of a call. Times are in milliseconds, and never reach beyond the call's deadline.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// Requests of a call.
    pub requests: u64,
    /// Requests of a call that are under way at once, unread answers included.
    pub concurrent: usize,
    /// Bodies that a call sends, together, in bytes.
    pub bytes_out: u64,
    /// Bodies that a call receives, together, in bytes.
    pub bytes_in: u64,
    /// Secrets of a call that are taken out of answers, put into bodies or fetched as tokens. Whatever comes later is searched for each.
    pub secrets: u64,
    /// Those of them that are taken out of answers or put into bodies, together, in bytes.
    pub secret_bytes: u64,
    /// Headers of one request.
    pub headers: usize,
    /// Headers of one request together, in bytes.
    pub header_bytes: usize,
    /// From the name to an open connection, TLS included.
    pub connect_ms: Millis,
    /// From the request to the head of its answer.
    pub first_byte_ms: Millis,
    /// Between two pieces of an answer.
    pub between_bytes_ms: Millis,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            requests: 200,
            concurrent: 8,
            bytes_out: 4 * 1024 * 1024,
            bytes_in: 16 * 1024 * 1024,
            secrets: 32,
            secret_bytes: 16 * 1024,
            headers: 64,
            header_bytes: 16 * 1024,
            connect_ms: 10_000,
            first_byte_ms: 20_000,
            between_bytes_ms: 10_000,
        }
    }
}

/// Times that a caller asks for; they only ever shorten the bounds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Timeouts {
    /// See [`Bounds::connect_ms`].
    pub connect_ms: Option<Millis>,
    /// See [`Bounds::first_byte_ms`].
    pub first_byte_ms: Option<Millis>,
    /// See [`Bounds::between_bytes_ms`].
    pub between_bytes_ms: Option<Millis>,
}

/// The shorter of a bound and what was asked for; never nothing at all.
pub(crate) fn shorter(bound: Millis, asked: Option<Millis>) -> Millis {
    asked.map_or(bound, |asked| asked.clamp(1, bound))
}

/// Counts what a call uses.
#[derive(Debug)]
pub(crate) struct Meter {
    bounds: Bounds,
    requests: AtomicU64,
    out: AtomicU64,
    received: AtomicU64,
    secrets: AtomicU64,
    secret_bytes: AtomicU64,
    under_way: Arc<Semaphore>,
}

impl Meter {
    pub(crate) fn new(bounds: Bounds) -> Self {
        let under_way = Arc::new(Semaphore::new(bounds.concurrent));
        Self {
            bounds,
            requests: AtomicU64::new(0),
            out: AtomicU64::new(0),
            received: AtomicU64::new(0),
            secrets: AtomicU64::new(0),
            secret_bytes: AtomicU64::new(0),
            under_way,
        }
    }

    pub(crate) fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// A request begins; it is under way until the permit is dropped.
    pub(crate) fn begin(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        add(&self.requests, 1, self.bounds.requests, "more requests")?;
        let most = u64::try_from(self.bounds.concurrent).unwrap_or(u64::MAX);
        Arc::clone(&self.under_way).try_acquire_owned().map_err(|_| Refusal::TooMuch { what: "more requests at once", limit: most })
    }

    pub(crate) fn sends(&self, bytes: usize) -> Result<(), Refusal> {
        add(&self.out, bytes, self.bounds.bytes_out, "more bytes to send")
    }

    /// So many secrets become known: before a request goes out whose answer holds them, as one that nobody can take makes no sense.
    pub(crate) fn knows(&self, secrets: usize) -> Result<(), Refusal> {
        add(&self.secrets, secrets, self.bounds.secrets, "more secrets")
    }

    /// A secret of so many bytes became known.
    pub(crate) fn knows_bytes(&self, bytes: usize) -> Result<(), Refusal> {
        add(&self.secret_bytes, bytes, self.bounds.secret_bytes, "more bytes of secrets")
    }

    pub(crate) fn receives(&self, bytes: usize) -> Result<(), Refusal> {
        add(&self.received, bytes, self.bounds.bytes_in, "more bytes to receive")
    }

    /// So much can still be received.
    pub(crate) fn left_to_receive(&self) -> u64 {
        self.bounds.bytes_in.saturating_sub(self.received.load(Ordering::Relaxed))
    }
}

fn add(used: &AtomicU64, more: usize, limit: u64, what: &'static str) -> Result<(), Refusal> {
    let more = u64::try_from(more).unwrap_or(u64::MAX);
    let within = |used: u64| used.checked_add(more).filter(|sum| *sum <= limit);
    used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, within).map(drop).map_err(|_| Refusal::TooMuch { what, limit })
}

/// Runs `work` for at most `limit`, and not past `deadline`.
pub(crate) async fn within<T>(
    clock: &dyn Clock,
    deadline: Timestamp,
    limit: Millis,
    what: &'static str,
    work: impl Future<Output = Result<T, Refusal>>,
) -> Result<T, Refusal> {
    let end = clock.now().plus(limit).min(deadline);
    tokio::select! {
        done = work => done,
        () = clock.sleep_until(end) => Err(Refusal::TimedOut { what, limit }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_runs_out_of_each_thing_alone() {
        let meter =
            Meter::new(Bounds { requests: 2, concurrent: 1, bytes_out: 10, bytes_in: 5, secrets: 3, secret_bytes: 4, ..Bounds::default() });
        let first = meter.begin().unwrap();
        assert!(meter.begin().is_err(), "one at a time");
        drop(first);
        assert!(meter.begin().is_err(), "the refused one counted");
        assert!(meter.sends(10).is_ok() && meter.sends(1).is_err());
        assert!(meter.receives(5).is_ok() && meter.receives(1).is_err());
        assert!(meter.receives(usize::MAX).is_err());
        assert!(meter.knows(2).is_ok() && meter.knows(2).is_err() && meter.knows(1).is_ok());
        assert!(meter.knows_bytes(4).is_ok() && meter.knows_bytes(1).is_err());
    }

    #[test]
    fn what_is_asked_for_only_shortens() {
        assert_eq!(shorter(100, Some(10)), 10);
        assert_eq!(shorter(100, Some(1_000)), 100);
        assert_eq!(shorter(100, Some(0)), 1);
        assert_eq!(shorter(100, None), 100);
    }
}
