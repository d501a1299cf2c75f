//! Bodies: strict JSON, and a connector's file.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRef, FromRequest, Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::bearer::bearer;
use super::words::{bounded, explain};
use crate::app::{App, Limits};
use crate::problem::Problem;

#[cfg(test)]
mod tests;

/// How long a body may take to arrive.
const BODY: Duration = Duration::from_secs(10);
/// How long a connector's file may take.
const FILE: Duration = Duration::from_secs(45);

/// A JSON body. Its type refuses unknown fields; this refuses everything that is not exactly one JSON value.
pub(crate) struct Strict<T>(pub(crate) T);

/// A JSON body that may be missing or `null`: then it is the default.
pub(crate) struct OrDefault<T>(pub(crate) T);

/// The file of a connector.
pub(crate) struct WasmFile(pub(crate) Bytes);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Strict<T>
where
    Limits: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        json_type(&parts.headers)?;
        let bytes = read(&parts.headers, body, Limits::from_ref(state).body).await?;
        parse(&bytes).map(Self)
    }
}

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OrDefault<T>
where
    Limits: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read(&parts.headers, body, Limits::from_ref(state).body).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        json_type(&parts.headers)?;
        parse::<Option<T>>(&bytes).map(|value| Self(value.unwrap_or_default()))
    }
}

impl<S: Send + Sync> FromRequest<S> for WasmFile
where
    Limits: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        if media_type(&parts.headers) != Some("application/wasm") {
            return Err(Problem::WrongContentType { expected: "application/wasm" });
        }
        read(&parts.headers, body, Limits::from_ref(state).connector).await.map(Self)
    }
}

/// Reads the whole body before anybody asks who calls: what the caller may do is asked when everything has arrived, so that
/// nobody keeps an authority alive by sending slowly. A connector's file is large, so who sends one is asked first, one file
/// arrives at a time, and the use case asks again.
pub(crate) async fn whole(State(app): State<App>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match arrived(&app, &parts.headers, body).await {
        Ok(bytes) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Err(problem) => problem.into_response(),
    }
}

async fn arrived(app: &App, headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let limits = Limits::from_ref(app);
    if media_type(headers) != Some("application/wasm") {
        return in_time(BODY, read(headers, body, limits.body)).await;
    }
    let caller = app.broker.authenticate(bearer(headers)?).await?;
    app.broker.may_load_connector(&caller)?;
    let _one = app.uploads.acquire().await.map_err(|_| Problem::Unavailable)?;
    in_time(FILE, read(headers, body, limits.connector)).await
}

/// A body that has not arrived by then never does.
async fn in_time(within: Duration, arrives: impl Future<Output = Result<Bytes, Problem>>) -> Result<Bytes, Problem> {
    tokio::time::timeout(within, arrives).await.unwrap_or(Err(Problem::BrokenBody))
}

/// The media type without its parameters. Only UTF-8 is taken as a charset.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next()?;
    let utf8 = |parameter: &str| match parameter.split_once('=') {
        Some((name, value)) if name.eq_ignore_ascii_case("charset") => value.trim_matches('"').eq_ignore_ascii_case("utf-8"),
        _ => true,
    };
    parts.all(utf8).then_some(essence)
}

/// Whether the body is JSON by its header.
pub(super) fn json_type(headers: &HeaderMap) -> Result<(), Problem> {
    let ok = media_type(headers).is_some_and(|t| t.eq_ignore_ascii_case("application/json"));
    if ok { Ok(()) } else { Err(Problem::WrongContentType { expected: "application/json" }) }
}

/// Reads a body of at most `limit` bytes. One that says it is larger is refused before it is read.
pub(crate) async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Problem> {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<u64>().ok());
    if declared.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > limit)) {
        return Err(Problem::TooLarge { limit });
    }
    match Limited::new(body, limit).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(e) if e.downcast_ref::<LengthLimitError>().is_some() => Err(Problem::TooLarge { limit }),
        Err(_) => Err(Problem::BrokenBody),
    }
}

/// Exactly one JSON value of this type. A list is refused: its members would be taken for an object's, in the order of ours.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(Problem::WrongBody { field: None, line: 1, column: 1, reason: "it must be an object, and is a list".to_owned() });
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|e| {
        let path = e.path().to_string();
        refuse(&path, &e.into_inner())
    })?;
    reader.end().map_err(|e| refuse(".", &e))?;
    Ok(value)
}

/// What a parser said, without any value that was sent: it could be a secret.
fn refuse(path: &str, error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    match error.classify() {
        Category::Data => {
            let (reason, member) = explain(text);
            WrongPlace { path, member }.problem(line, column, reason)
        }
        Category::Syntax | Category::Eof | Category::Io => Problem::MalformedJson { line, column, reason: bounded(text) },
    }
}

struct WrongPlace<'a> {
    /// The path that the parser was at; `.` is the root.
    path: &'a str,
    /// The member that is missing or too many.
    member: Option<&'a str>,
}

impl WrongPlace<'_> {
    fn problem(&self, line: usize, column: usize, reason: String) -> Problem {
        let path = Some(self.path).filter(|path| *path != "." && !path.is_empty());
        let field = match (path, self.member) {
            (Some(path), Some(member)) if path != member && !path.ends_with(&format!(".{member}")) => Some(format!("{path}.{member}")),
            (Some(path), _) => Some(path.to_owned()),
            (None, member) => member.map(str::to_owned),
        };
        Problem::WrongBody { field: field.map(|f| bounded(&f)), line, column, reason }
    }
}
