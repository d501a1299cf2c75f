//! One request of a guest, from its body to its answer, and what the host knows of its effect.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use hallpass_domain::port::{Failure, FailureKind, Fence};
use hallpass_egress::{Method, Refusal, Request, Timeouts, Unwatched, Watch};
use http::StatusCode;
use http_body_util::BodyExt as _;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::look::Look;
use crate::capability::sql::look::Verdict;
use crate::frame::{Frame, Progress};
use crate::hostile_text;

/// Sends `request` where the call may.
pub(crate) async fn send(
    frame: &Arc<Frame>,
    request: http::Request<WasiBody>,
    options: RequestOptions,
) -> Result<http::Response<WasiBody>, Error> {
    let (parts, body) = request.into_parts();
    // The whole body first: what is cut short by the guest is never sent, and a signature is over all of it.
    let body = take_in(frame, body).await?;
    let changes = frame.kind.changes() && !matches!(parts.method, Method::GET | Method::HEAD);
    let (progress, fence) = (Arc::clone(&frame.progress), Arc::clone(&frame.call.fence));
    let watch = Sent { progress, fence, changes, out: AtomicBool::new(false) };
    let asked = timeouts(options);
    let secrets = frame.made.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    let request = Request { method: parts.method, uri: parts.uri, headers: parts.headers, body, secrets };
    let answer = match frame.services.egress.send(&frame.http, request, asked, &watch).await {
        Ok(answer) => answer,
        Err(refusal) => return Err(refused(frame, &refusal)),
    };
    watch.answered(answer.status);
    if !answer.captured.is_empty() {
        frame.captured.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(answer.captured);
    }
    let frame = Arc::clone(frame);
    let body = answer.body.map_err(move |refusal| refused(&frame, &refusal)).boxed_unsync();
    let mut response = http::Response::new(body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    Ok(response)
}

/// Reads what a guest writes. All bodies of a call count together while they come: any number of them may be open at once.
async fn take_in(frame: &Frame, mut body: WasiBody) -> Result<Bytes, Error> {
    let mut whole = BytesMut::new();
    while let Some(piece) = body.frame().await {
        if let Ok(data) = piece?.into_data() {
            frame.http.take_in(data.len()).map_err(|refusal| refused(frame, &refusal))?;
            whole.extend_from_slice(&data);
        }
    }
    Ok(whole.freeze())
}

/// Keeps the call's progress true to what went out.
struct Sent {
    progress: Arc<Progress>,
    fence: Arc<dyn Fence>,
    changes: bool,
    out: AtomicBool,
}

#[async_trait]
impl Watch for Sent {
    async fn sending(&self) -> Result<(), Failure> {
        if self.changes {
            self.fence.check().await?;
            if !self.out.load(Ordering::SeqCst) {
                self.progress.begin_sending()?;
                self.out.store(true, Ordering::SeqCst);
            }
        }
        Ok(())
    }

    fn unsent(&self) {
        if self.out.swap(false, Ordering::SeqCst) {
            self.progress.without_effect();
        }
    }
}

impl Sent {
    /// A refusal in so many words leaves nothing behind; after anything else there may be an effect.
    fn answered(&self, status: StatusCode) {
        if !self.out.swap(false, Ordering::SeqCst) {
            return;
        }
        if status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT {
            self.progress.without_effect();
        } else {
            self.progress.committed();
        }
    }
}

fn timeouts(options: RequestOptions) -> Timeouts {
    let ms = |d: Option<Duration>| d.map(|d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX));
    Timeouts {
        connect_ms: ms(options.connect_timeout),
        first_byte_ms: ms(options.first_byte_timeout),
        between_bytes_ms: ms(options.between_bytes_timeout),
    }
}

/// The guest learns the kind; the operator's log says what was refused, and how to mend it.
fn refused(frame: &Frame, refusal: &Refusal) -> Error {
    if is_outage(refusal) {
        frame.progress.note_outage();
    }
    let text = hostile_text::line(&frame.http.redact(&refusal.to_string()), 1024);
    if let (Some(stage), Refusal::Denied(_)) = (&frame.services.stage, refusal) {
        stage.refused(&text);
    }
    tracing::warn!(connector = frame.manifest.name, operation = %frame.call.operation, "a connector's request has no answer: {text}");
    match refusal {
        Refusal::Denied(_) | Refusal::Fenced(_) => Error::HttpRequestDenied,
        Refusal::Prohibited(_) => Error::DestinationIpProhibited,
        Refusal::Unresolved { .. } => Error::DnsError { rcode: None, info_code: None },
        Refusal::Unreachable { .. } => Error::ConnectionRefused,
        Refusal::Untrusted { .. } => Error::TlsCertificateError,
        Refusal::TimedOut { what: "connecting", .. } => Error::ConnectionTimeout,
        Refusal::TimedOut { .. } => Error::HttpResponseTimeout,
        Refusal::TooMuch { what: "more bytes to send", limit } => Error::HttpRequestBodySize(Some(*limit)),
        Refusal::TooMuch { what: "more bytes to receive", limit } => Error::HttpResponseBodySize(Some(*limit)),
        Refusal::TooMuch { what: "more headers in a request" | "more bytes of headers", .. } => Error::HttpRequestHeaderSectionSize(None),
        Refusal::TooMuch { .. } => Error::ConnectionLimitReached,
        Refusal::Credential { .. } => Error::ConfigurationError,
        Refusal::Broken(_) => Error::ConnectionTerminated,
        Refusal::Withheld(_) => Error::InternalError(Some(text)),
    }
}

/// Whether the target is not there, or does not let the host in.
fn is_outage(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::Unresolved { .. }
            | Refusal::Unreachable { .. }
            | Refusal::Untrusted { .. }
            | Refusal::TimedOut { .. }
            | Refusal::Credential { .. }
    )
}

/// Asks what a look asks, for the host itself, and judges the answer.
pub(crate) async fn look(frame: &Frame, look: &Look) -> Result<Verdict, Failure> {
    let failed = |kind, code: &str, message: String| Failure::none(kind, code, hostile_text::line(&frame.http.redact(&message), 1024));
    let name = &look.request.name;
    frame.permit("request", name)?;
    let uri = frame.http.base(&look.request.to).and_then(|base| look.request.address(&base, frame.frozen()));
    let uri = uri.and_then(|address| address.parse().ok()).ok_or_else(|| {
        failed(FailureKind::InvalidInput, "look-slot", format!("the look `{name}` has a slot that this holding does not fill"))
    })?;
    let mut headers = http::HeaderMap::new();
    headers.insert(http::header::ACCEPT, http::HeaderValue::from_static("application/json"));
    let request = Request { method: Method::GET, uri, headers, body: bytes::Bytes::new(), secrets: Vec::new() };
    let answer = frame.services.egress.send(&frame.http, request, Timeouts::default(), &Unwatched).await;
    let refused = |refusal: Refusal| {
        let (kind, code) = match &refusal {
            Refusal::Denied(_) | Refusal::Prohibited(_) | Refusal::Fenced(_) => (FailureKind::Forbidden, "look-refused"),
            Refusal::Credential { .. } => (FailureKind::Unauthenticated, "look-unauthenticated"),
            Refusal::TimedOut { .. } => (FailureKind::Timeout, "look-timeout"),
            _ => (FailureKind::Unavailable, "look-unavailable"),
        };
        let failure = failed(kind, code, format!("the look `{name}` has no answer: {refusal}"));
        if is_outage(&refusal) { failure.as_outage() } else { failure }
    };
    let answer = answer.map_err(refused)?;
    let status = answer.status.as_u16();
    let body = answer.body.read().await.map_err(refused)?;
    look.judge(status, &body, frame.frozen())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Step;

    /// A lease that is held, and a call that ends while it is checked.
    struct Ends(Arc<Progress>);

    #[async_trait]
    impl Fence for Ends {
        async fn check(&self) -> Result<(), Failure> {
            assert_eq!(self.0.close(), Step::Nothing, "nothing went out yet");
            Ok(())
        }
    }

    #[tokio::test]
    async fn nothing_goes_out_after_the_call_was_told_of() {
        let progress = Arc::new(Progress::default());
        let fence = Arc::new(Ends(Arc::clone(&progress)));
        let watch = Sent { progress: Arc::clone(&progress), fence, changes: true, out: AtomicBool::new(false) };
        assert_eq!(watch.sending().await.unwrap_err().code, "call-over");
        watch.unsent();
        watch.answered(StatusCode::OK);
        assert_eq!(progress.close(), Step::Nothing);
    }
}
