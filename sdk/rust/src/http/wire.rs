//! One request over `wasi:http`.

use super::{Answer, Method, Request, address};
use crate::bindings::reaching::wasi::http::outgoing_handler;
use crate::bindings::reaching::wasi::http::types::{
    self, ErrorCode, Fields, FutureIncomingResponse, IncomingBody, OutgoingBody, OutgoingRequest, Scheme,
};
use crate::bindings::reaching::wasi::io::streams::StreamError;
use crate::{Effect, Failure, FailureKind};

/// What is written or read at once, in bytes.
const PIECE: usize = 4096;

pub(super) fn send(request: &Request) -> Result<Answer, Failure> {
    let (outgoing, body) = outgoing(request)?;
    let failed = |code: &ErrorCode| failure(request.method, code);
    let future = outgoing_handler::handle(outgoing, None).map_err(|e| failed(&e))?;
    if let Some(body) = body {
        // A host that gave the request up closes the body; why stands in the answer.
        let _ = write(body, &request.body);
    }
    let response = wait(&future).map_err(|e| failed(&e))?;
    let status = response.status();
    let headers = response.headers().entries();
    let incoming = response.consume().map_err(|()| broken("the answer has no body to read"))?;
    let body = read(&incoming).map_err(|e| failed(&e))?;
    Ok(Answer { method: request.method, status, headers, body })
}

fn broken(message: &str) -> Failure {
    Failure::internal("http", message)
}

fn outgoing(request: &Request) -> Result<(OutgoingRequest, Option<OutgoingBody>), Failure> {
    let invalid = |message: String| Failure::internal("bad-request", message);
    let fields = Fields::new();
    for (name, value) in &request.headers {
        fields.append(name, value.as_bytes()).map_err(|e| invalid(format!("the header `{name}` is not for a connector to say: {e:?}")))?;
    }
    let (secure, authority, path) =
        address::split(&request.url).ok_or_else(|| invalid("the address does not begin with https://".to_owned()))?;
    let outgoing = OutgoingRequest::new(fields);
    let scheme = if secure { Scheme::Https } else { Scheme::Http };
    let method = match request.method {
        Method::Get => types::Method::Get,
        Method::Head => types::Method::Head,
        Method::Post => types::Method::Post,
        Method::Put => types::Method::Put,
        Method::Patch => types::Method::Patch,
        Method::Delete => types::Method::Delete,
    };
    let set = outgoing
        .set_method(&method)
        .and_then(|()| outgoing.set_scheme(Some(&scheme)))
        .and_then(|()| outgoing.set_authority(Some(authority)))
        .and_then(|()| outgoing.set_path_with_query(Some(path)));
    set.map_err(|()| invalid("the address is none that can be asked for".to_owned()))?;
    let body = if request.body.is_empty() { None } else { Some(outgoing.body().map_err(|()| broken("the request has no body"))?) };
    Ok((outgoing, body))
}

fn write(body: OutgoingBody, bytes: &[u8]) -> Result<(), StreamError> {
    let stream = body.write().map_err(|()| StreamError::Closed)?;
    for piece in bytes.chunks(PIECE) {
        stream.blocking_write_and_flush(piece)?;
    }
    drop(stream);
    OutgoingBody::finish(body, None).map_err(|_| StreamError::Closed)
}

fn wait(future: &FutureIncomingResponse) -> Result<types::IncomingResponse, ErrorCode> {
    loop {
        match future.get() {
            Some(Ok(answered)) => return answered,
            Some(Err(())) => return Err(ErrorCode::InternalError(None)),
            None => future.subscribe().block(),
        }
    }
}

fn read(incoming: &IncomingBody) -> Result<Vec<u8>, ErrorCode> {
    let stream = incoming.stream().map_err(|()| ErrorCode::InternalError(None))?;
    let mut out = Vec::new();
    loop {
        match stream.blocking_read(16 * PIECE as u64) {
            Ok(piece) => out.extend(piece),
            Err(StreamError::Closed) => return Ok(out),
            Err(StreamError::LastOperationFailed(error)) => {
                return Err(types::http_error_code(&error).unwrap_or(ErrorCode::HttpResponseIncomplete));
            }
        }
    }
}

/// What an error of the host means, and whether the target may have changed.
fn failure(method: Method, code: &ErrorCode) -> Failure {
    let (kind, word, message, left_none) = match code {
        ErrorCode::HttpRequestDenied => {
            (FailureKind::Forbidden, "request-refused", "the broker does not let this request out: its log says why", true)
        }
        ErrorCode::DestinationIpProhibited => (
            FailureKind::Forbidden,
            "address-refused",
            "the target lies at an address that it was not granted: the broker's log says which",
            true,
        ),
        ErrorCode::ConfigurationError => (
            FailureKind::Unauthenticated,
            "no-credential",
            "the broker's credential for the target could not be made: its log says why",
            true,
        ),
        ErrorCode::DnsError(_) | ErrorCode::DnsTimeout | ErrorCode::DestinationNotFound => {
            (FailureKind::Unavailable, "unknown-host", "the name of the target does not resolve: check its settings", true)
        }
        ErrorCode::ConnectionRefused | ErrorCode::ConnectionTimeout | ErrorCode::DestinationUnavailable => {
            (FailureKind::Unavailable, "unreachable", "the target cannot be reached", true)
        }
        ErrorCode::TlsCertificateError | ErrorCode::TlsProtocolError => {
            (FailureKind::Unavailable, "untrusted", "the certificate of the target does not hold: name its authority in the settings", true)
        }
        ErrorCode::ConnectionLimitReached
        | ErrorCode::HttpRequestBodySize(_)
        | ErrorCode::HttpRequestHeaderSectionSize(_)
        | ErrorCode::HttpRequestUriInvalid
        | ErrorCode::HttpRequestMethodInvalid => (FailureKind::Internal, "over-limit", "the request is beyond what a call may do", true),
        ErrorCode::HttpResponseTimeout | ErrorCode::ConnectionReadTimeout => {
            (FailureKind::Timeout, "no-answer", "the target did not answer in time", false)
        }
        ErrorCode::HttpResponseBodySize(_) => {
            (FailureKind::Internal, "answer-too-long", "the target answered more than a call may read", false)
        }
        _ => (FailureKind::Unavailable, "broken-answer", "the connection to the target broke", false),
    };
    let failure = Failure::new(kind, word, message);
    if left_none || method.is_harmless() { failure } else { failure.leaving(Effect::Unknown) }
}
