//! The seam of conformance: what answers instead of the network. A request on a stage goes through everything that a real one goes
//! through (what is allowed, the credential, bounds, fences, redaction, captures); only the connection is not made.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::Bytes;
use hallpass_domain::secret::SecretText;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use crate::answer::Incoming;
use crate::head::Head;
use crate::path;
use crate::policy::{Destination, Rule};
use crate::refusal::Refusal;

/// A scripted server.
#[async_trait]
pub trait Stage: Send + Sync {
    /// Answers a request. The error says that the connection broke before an answer came.
    async fn ask(&self, asked: StagedRequest) -> Result<StagedAnswer, Broke>;
    /// The token that a credential would have fetched.
    fn token(&self) -> SecretText;
}

/// No answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broke;

/// A request as it would have gone out.
pub struct StagedRequest {
    /// The rule that let it out.
    pub rule: String,
    /// Its decoded path below the destination's base.
    pub below: Vec<String>,
    /// Its decoded query.
    pub query: Vec<(String, String)>,
    /// Its body.
    pub body: Bytes,
    /// All of it, credential included, as a server could repeat it. It is made of placeholders: no real secret comes on a stage.
    pub whole: String,
}

fn whole(head: &Head) -> String {
    let mut text = format!("{} {}\n", head.method, head.target());
    for (name, value) in &head.headers {
        text.push_str(name.as_str());
        text.push_str(": ");
        text.push_str(&String::from_utf8_lossy(value.as_bytes()));
        text.push('\n');
    }
    text + &String::from_utf8_lossy(&head.body)
}

/// An answer of a scripted server.
pub struct StagedAnswer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Bytes,
    /// Where the body has no end: what is waited for in vain.
    pub stalls: Option<Pin<Box<dyn Future<Output = Infallible> + Send>>>,
}

/// What a stage is asked.
pub(crate) fn asked(rule: &Rule, destination: &Destination, head: &Head) -> StagedRequest {
    let decoded = |text: &str| path::segments(text).unwrap_or_default();
    let below = decoded(&head.path).split_off(decoded(&destination.base).len());
    StagedRequest { rule: rule.name.clone(), below, query: head.query.clone(), body: head.body.clone(), whole: whole(head) }
}

/// Lets a stage answer.
pub(crate) async fn ask(stage: Arc<dyn Stage>, asked: StagedRequest) -> Result<Response<Incoming>, Refusal> {
    let answer = stage.ask(asked).await.map_err(|Broke| Refusal::Broken("the stage broke it".to_owned()))?;
    let bad = |e: http::Error| Refusal::Broken(format!("what the stage answers is not HTTP: {e}"));
    let mut headers = HeaderMap::new();
    for (name, value) in &answer.headers {
        let value = HeaderValue::try_from(value).map_err(|e| bad(e.into()))?;
        headers.append(HeaderName::try_from(name).map_err(|e| bad(e.into()))?, value);
    }
    let body = Script { bytes: Some(answer.body).filter(|bytes| !bytes.is_empty()), stalls: answer.stalls };
    let mut response = Response::new(Incoming::Staged(body));
    *response.status_mut() = StatusCode::from_u16(answer.status).map_err(|e| bad(e.into()))?;
    *response.headers_mut() = headers;
    Ok(response)
}

/// The body of a scripted answer.
pub(crate) struct Script {
    bytes: Option<Bytes>,
    stalls: Option<Pin<Box<dyn Future<Output = Infallible> + Send>>>,
}

impl Script {
    /// The next piece.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        match (self.bytes.take(), &mut self.stalls) {
            (Some(bytes), _) => Poll::Ready(Some(bytes)),
            (None, Some(forever)) => forever.as_mut().poll(cx).map(|never| match never {}),
            (None, None) => Poll::Ready(None),
        }
    }
}
