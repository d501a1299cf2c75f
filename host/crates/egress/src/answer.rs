//! What comes back: without cookies and challenges, bounded, with known secrets replaced, and with secrets that the target made
//! moved out before anybody sees them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hallpass_domain::clock::{Clock, Millis, Sleep};
use hallpass_domain::secret::SecretText;
use http::header::{CONTENT_ENCODING, HeaderName, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::sync::OwnedSemaphorePermit;

use crate::dial::Connection;
use crate::policy::Allowance;
use crate::pool::{Place, Pools};
use crate::redact::{Needles, Redactor};
use crate::refusal::Refusal;
use crate::stage::Script;

/// What no answer passes on: what keeps a session, what says who one is, and what concerns the connection alone.
const KEPT_BACK: [&str; 17] = [
    "set-cookie",
    "set-cookie2",
    "www-authenticate",
    "proxy-authenticate",
    "authentication-info",
    "proxy-authentication-info",
    "authorization",
    "proxy-authorization",
    "cookie",
    "alt-svc",
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
];

/// Longest secret that is taken out of an answer, in bytes. Every later answer of the call is searched for it.
const MOST_SECRET_BYTES: usize = 16 * 1024;

/// A body as it comes in.
pub(crate) enum Incoming {
    /// Over the network.
    Wire(hyper::body::Incoming),
    /// From a stage.
    Staged(Script),
}

impl Body for Incoming {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match self.get_mut() {
            Self::Wire(incoming) => Pin::new(incoming).poll_frame(cx),
            Self::Staged(script) => script.poll(cx).map(|piece| piece.map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Wire(incoming) => incoming.size_hint(),
            Self::Staged(_) => SizeHint::default(),
        }
    }
}

/// An answer.
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// What may be passed on of its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: AnswerBody,
    /// Secrets that were in it, by the name that the manifest gives them.
    pub captured: Vec<(String, SecretText)>,
}

/// A body that is read, counted and cleaned as it comes.
pub struct AnswerBody(Inner);

enum Inner {
    Whole(Option<Bytes>),
    Streamed(Box<Streamed>),
}

/// What keeps the connection of an answer.
pub(crate) struct Held {
    pub(crate) pools: Arc<Pools>,
    pub(crate) place: Place,
    pub(crate) connection: Connection,
}

struct Streamed {
    incoming: Incoming,
    held: Option<Held>,
    redactor: Redactor,
    allowance: Arc<Allowance>,
    clock: Arc<dyn Clock>,
    between_ms: Millis,
    timer: Sleep,
    finished: bool,
    _under_way: OwnedSemaphorePermit,
}

/// What is needed to read an answer.
pub(crate) struct Reading {
    pub(crate) allowance: Arc<Allowance>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) between_ms: Millis,
    pub(crate) held: Option<Held>,
    pub(crate) under_way: OwnedSemaphorePermit,
}

/// The headers that are passed on, or why the answer is not.
pub(crate) fn clean_headers(headers: &HeaderMap, allowance: &Allowance) -> Result<HeaderMap, Refusal> {
    let coded = |name: HeaderName, plain: &[u8]| headers.get_all(name).iter().any(|v| !v.as_bytes().eq_ignore_ascii_case(plain));
    if coded(CONTENT_ENCODING, b"identity") || coded(TRANSFER_ENCODING, b"chunked") {
        return Err(Refusal::Withheld("it is compressed, though that was not asked for: nobody could see what is in it".to_owned()));
    }
    let mut out = HeaderMap::new();
    for (name, value) in headers {
        // A name can tell what a value must not.
        if !is_kept_back(name) && !allowance.needles.are_in_lower_case(name.as_str()) {
            let clean = allowance.needles.redactor().whole(value.as_bytes())?;
            if let Ok(value) = HeaderValue::from_bytes(&clean) {
                out.append(name.clone(), value);
            }
        }
    }
    Ok(out)
}

/// Whether an answer's header stays with the host.
pub fn is_kept_back(name: &HeaderName) -> bool {
    KEPT_BACK.contains(&name.as_str())
}

impl AnswerBody {
    pub(crate) fn streamed(incoming: Incoming, reading: Reading) -> Result<Self, Refusal> {
        let redactor = reading.allowance.needles.redactor();
        Self::through(incoming, reading, redactor)
    }

    /// A body as it came, for the host alone: what is captured from it may look like a secret that is known.
    pub(crate) fn unredacted(incoming: Incoming, reading: Reading) -> Result<Self, Refusal> {
        Self::through(incoming, reading, Needles::default().redactor())
    }

    fn through(incoming: Incoming, reading: Reading, redactor: Redactor) -> Result<Self, Refusal> {
        if incoming.size_hint().lower() > reading.allowance.meter.left_to_receive() {
            return Err(Refusal::TooMuch { what: "more bytes to receive", limit: reading.allowance.meter.bounds().bytes_in });
        }
        let timer = timer(reading.clock.as_ref(), &reading.allowance, reading.between_ms);
        Ok(Self(Inner::Streamed(Box::new(Streamed {
            incoming,
            held: reading.held,
            redactor,
            allowance: reading.allowance,
            clock: reading.clock,
            between_ms: reading.between_ms,
            timer,
            finished: false,
            _under_way: reading.under_way,
        }))))
    }

    /// The whole body. What is in an answer is bounded by the call.
    pub async fn read(self) -> Result<Bytes, Refusal> {
        Ok(self.collect().await?.to_bytes())
    }
}

fn timer(clock: &dyn Clock, allowance: &Allowance, between_ms: Millis) -> Sleep {
    clock.sleep_until(clock.now().plus(between_ms).min(allowance.deadline))
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Refusal;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Refusal>>> {
        match &mut self.0 {
            Inner::Whole(bytes) => Poll::Ready(bytes.take().filter(|b| !b.is_empty()).map(|b| Ok(Frame::data(b)))),
            Inner::Streamed(streamed) => streamed.poll(cx).map(|piece| piece.map(|p| p.map(Frame::data))),
        }
    }
}

impl Streamed {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Refusal>>> {
        while !self.finished {
            if self.timer.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Some(Err(
                    self.fail(Refusal::TimedOut { what: "the next piece of the answer", limit: self.between_ms })
                )));
            }
            let frame = ready!(Pin::new(&mut self.incoming).poll_frame(cx));
            let clean = match frame {
                // Trailers are not passed on: nothing that a connector needs comes in them.
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => {
                        if let Err(refusal) = self.allowance.meter.receives(data.len()) {
                            return Poll::Ready(Some(Err(self.fail(refusal))));
                        }
                        self.timer = timer(self.clock.as_ref(), &self.allowance, self.between_ms);
                        self.redactor.push(&data)
                    }
                    Err(_) => continue,
                },
                Some(Err(e)) => return Poll::Ready(Some(Err(self.fail(Refusal::Broken(format!("the answer was cut off: {e}")))))),
                None => {
                    self.finished = true;
                    if let Some(held) = self.held.take() {
                        held.pools.give(held.place, held.connection);
                    }
                    self.redactor.finish()
                }
            };
            let clean = match clean {
                Ok(clean) => clean,
                Err(refusal) => return Poll::Ready(Some(Err(self.fail(refusal)))),
            };
            if !clean.is_empty() {
                return Poll::Ready(Some(Ok(clean.into())));
            }
        }
        Poll::Ready(None)
    }

    /// The connection is of no use any more.
    fn fail(&mut self, refusal: Refusal) -> Refusal {
        self.finished = true;
        self.held = None;
        refusal
    }
}

/// Moves the secrets that `captures` point at out of a JSON body. The error says what the body lacks.
pub(crate) fn capture(bytes: &[u8], captures: &[(String, String)]) -> Result<(Bytes, Vec<(String, SecretText)>), Refusal> {
    let withheld = |what: &str| Refusal::Withheld(format!("the manifest says that a secret is in it, and {what}"));
    let mut document: serde_json::Value = serde_json::from_slice(bytes).map_err(|_| withheld("it is no JSON"))?;
    let mut captured = Vec::new();
    for (name, pointer) in captures {
        let place = document.pointer_mut(pointer).ok_or_else(|| withheld(&format!("there is nothing at `{pointer}`")))?;
        let serde_json::Value::String(text) = place.take() else {
            return Err(withheld(&format!("what is at `{pointer}` is no text")));
        };
        let secret = SecretText::new(text);
        if secret.expose().len() > MOST_SECRET_BYTES {
            return Err(withheld(&format!("what is at `{pointer}` has more than {MOST_SECRET_BYTES} bytes")));
        }
        captured.push((name.clone(), secret));
        *place = serde_json::Value::String("(captured)".to_owned());
    }
    Ok((document.to_string().into(), captured))
}

/// A body that was read whole, with the secrets of `allowance` replaced.
pub(crate) fn whole(bytes: &[u8], allowance: &Allowance) -> Result<AnswerBody, Refusal> {
    Ok(AnswerBody(Inner::Whole(Some(allowance.needles.redactor().whole(bytes)?.into()))))
}
