//! Requests and answers over `wasi:http` by hand: what no library would write, and everything that can be read.

use hallpass_connector::bindings::reaching::wasi::http::outgoing_handler;
use hallpass_connector::bindings::reaching::wasi::http::types::{
    self, ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, OutgoingBody, OutgoingRequest,
};
use hallpass_connector::bindings::reaching::wasi::io::streams::{InputStream, StreamError};
use hallpass_connector::{Failure, FailureKind};

pub(crate) use types::{Method, Scheme};

/// A request, as free as the interface lets it be.
#[derive(Clone)]
pub(crate) struct Raw {
    pub(crate) method: Method,
    pub(crate) scheme: Scheme,
    pub(crate) authority: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
}

/// Everything of an answer.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Vec<(String, Vec<u8>)>,
}

impl Raw {
    /// `GET url`.
    pub(crate) fn get(url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
        let scheme = match scheme {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => Scheme::Other(other.to_owned()),
        };
        let at = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(at);
        let path = if path.is_empty() { "/" } else { path };
        Self { method: Method::Get, scheme, authority: authority.to_owned(), path: path.to_owned(), headers: Vec::new() }
    }

    /// `POST url`.
    pub(crate) fn post(url: &str) -> Self {
        Self { method: Method::Post, ..Self::get(url) }
    }

    /// With this header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    /// The request as the host takes it; `header-refused` or `bad-request` where it does not.
    pub(crate) fn outgoing(&self) -> Result<OutgoingRequest, Failure> {
        let bad = |what: String| Failure::internal("bad-request", what);
        let fields = Fields::new();
        for (name, value) in &self.headers {
            let refused = |e| Failure::internal("header-refused", format!("the header {name:?} is not taken: {e:?}"));
            fields.append(name, value).map_err(refused)?;
        }
        let out = OutgoingRequest::new(fields);
        out.set_method(&self.method).map_err(|()| bad("the method is not taken".to_owned()))?;
        out.set_scheme(Some(&self.scheme)).map_err(|()| bad("the scheme is not taken".to_owned()))?;
        out.set_authority(Some(&self.authority)).map_err(|()| bad(format!("the host {:?} is not taken", self.authority)))?;
        out.set_path_with_query(Some(&self.path)).map_err(|()| bad(format!("the path {:?} is not taken", self.path)))?;
        Ok(out)
    }

    /// Sends it, with no body.
    pub(crate) fn begin(&self) -> Result<FutureIncomingResponse, Failure> {
        outgoing_handler::handle(self.outgoing()?, None).map_err(|e| failure(&e))
    }

    /// Sends it, with no body, and reads everything.
    pub(crate) fn send(&self) -> Result<Heard, Failure> {
        hear(&wait(&self.begin()?)?)
    }

    /// Sends the head, and gives the body that is to be written.
    pub(crate) fn open(&self) -> Result<(OutgoingBody, FutureIncomingResponse), Failure> {
        let out = self.outgoing()?;
        let body = out.body().map_err(|()| Failure::internal("bad-request", "the request has no body"))?;
        Ok((body, outgoing_handler::handle(out, None).map_err(|e| failure(&e))?))
    }
}

/// Writes as many bytes as it is given, in pieces as large as the host takes; stops where it closes the stream. How many it took.
pub(crate) fn write(body: &OutgoingBody, bytes: usize) -> usize {
    let Ok(stream) = body.write() else { return 0 };
    let mut taken = 0;
    while taken < bytes {
        let room = match stream.check_write() {
            Ok(0) => {
                stream.subscribe().block();
                continue;
            }
            Ok(room) => usize::try_from(room).unwrap_or(usize::MAX).min(bytes - taken),
            Err(_) => return taken,
        };
        if stream.write(&vec![b'x'; room]).is_err() {
            return taken;
        }
        taken += room;
    }
    taken
}

/// Waits for the head of the answer.
pub(crate) fn wait(future: &FutureIncomingResponse) -> Result<IncomingResponse, Failure> {
    loop {
        match future.get() {
            Some(Ok(answered)) => return answered.map_err(|e| failure(&e)),
            Some(Err(())) => return Err(Failure::internal("bad-request", "the answer was taken before")),
            None => future.subscribe().block(),
        }
    }
}

/// Reads everything of an answer, trailers too.
pub(crate) fn hear(response: &IncomingResponse) -> Result<Heard, Failure> {
    let mut heard = Heard { status: response.status(), headers: response.headers().entries(), ..Heard::default() };
    let Ok(incoming) = response.consume() else { return Ok(heard) };
    let stream = incoming.stream().map_err(|()| Failure::internal("bad-request", "the body was taken before"))?;
    while let Some(piece) = next(&stream)? {
        heard.body.extend(piece);
    }
    drop(stream);
    let future = IncomingBody::finish(incoming);
    loop {
        match future.get() {
            Some(Ok(Ok(Some(fields)))) => heard.trailers = fields.entries(),
            Some(Ok(Err(e))) => return Err(failure(&e)),
            Some(_) => {}
            None => {
                future.subscribe().block();
                continue;
            }
        }
        return Ok(heard);
    }
}

/// The next piece of a body; `None` at its end.
pub(crate) fn next(stream: &InputStream) -> Result<Option<Vec<u8>>, Failure> {
    match stream.blocking_read(64 * 1024) {
        Ok(piece) => Ok(Some(piece)),
        Err(StreamError::Closed) => Ok(None),
        Err(StreamError::LastOperationFailed(error)) => {
            let broken = || Failure::internal("broken-answer", "the stream broke");
            Err(types::http_error_code(&error).map_or_else(broken, |e| failure(&e)))
        }
    }
}

/// What the host says, word for word: whatever it tells a guest ends in a failure that the test reads.
fn failure(error: &ErrorCode) -> Failure {
    let code = match error {
        ErrorCode::HttpRequestDenied => "request-refused",
        ErrorCode::DestinationIpProhibited => "address-refused",
        ErrorCode::ConnectionLimitReached | ErrorCode::HttpRequestBodySize(_) | ErrorCode::HttpRequestHeaderSectionSize(_) => "over-limit",
        ErrorCode::HttpResponseBodySize(_) => "answer-too-long",
        ErrorCode::HttpResponseTimeout => "no-answer",
        ErrorCode::ConnectionTimeout => "unreachable",
        ErrorCode::ConnectionTerminated => "broken-answer",
        ErrorCode::InternalError(_) => "withheld",
        ErrorCode::HttpProtocolError | ErrorCode::HttpRequestMethodInvalid | ErrorCode::HttpRequestUriInvalid => "bad-request",
        _ => "other",
    };
    Failure::new(FailureKind::Unavailable, code, format!("{error:?}"))
}
