//! How a problem looks on the wire.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hallpass_broker::human;
use hallpass_domain::port::{Failure, FailureKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Problem, TYPE_PREFIX};

/// The media type of a problem.
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// An error (RFC 9457). The members after `remedy` come with the types that they belong to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// What kind of problem it is: `urn:hallpass:problem:` and a word.
    #[serde(rename = "type")]
    #[schema(example = "urn:hallpass:problem:not-found")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong this time. Constant text where the fault is the broker's.
    pub detail: String,
    /// What to do.
    pub remedy: String,
    /// The field that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The line of the body, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The column of the line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// The policies that decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// The time that was asked for, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_ms: Option<u64>,
    /// The longest time that policy allows, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_ms: Option<u64>,
    /// The most bytes of a body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_bytes: Option<usize>,
    /// Why the target did not do it: `unavailable`, `forbidden` ….
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// The connector's own word for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

impl Problem {
    /// The body.
    pub fn body(&self) -> ProblemBody {
        let kind = self.kind();
        let mut body = ProblemBody {
            kind: format!("{TYPE_PREFIX}{}", kind.slug),
            title: kind.title.into(),
            status: kind.status.as_u16(),
            ..ProblemBody::default()
        };
        let (detail, remedy): (String, String) = match self {
            Self::Unauthenticated { reason, .. } => {
                (reason.clone(), "Get a session token at /oauth/token (`hallpass login`) and send it as `Authorization: Bearer`.".into())
            }
            Self::Forbidden { reason } => (reason.clone(), "Ask an operator, or use a principal that may do it.".into()),
            Self::PolicyDenied { reason, policies } => {
                body.policies.clone_from(policies);
                (reason.clone(), "Ask for less, or ask who keeps the policies; `hallpass policy explain` names each.".into())
            }
            Self::NotFound { noun, id } => {
                (format!("There is no {noun} {id} that you may see."), "Check the id or name against the list of what you may see.".into())
            }
            Self::NoRoute => ("Nothing is at this path.".into(), "The paths are in /openapi.json.".into()),
            Self::NoMethod => ("This path takes other methods.".into(), "The header Allow names them; so does /openapi.json.".into()),
            Self::MalformedJson { line, column, reason } => {
                (body.line, body.column) = (Some(*line), Some(*column));
                (
                    format!("The body is not JSON: {reason} at line {line}, column {column}."),
                    "Correct the body at this place and send it again.".into(),
                )
            }
            Self::WrongBody { field, line, column, reason } => {
                body.field.clone_from(field);
                (body.line, body.column) = (Some(*line), Some(*column));
                let place = field.as_deref().map(|field| format!(" in `{field}`")).unwrap_or_default();
                (
                    format!("The body does not fit{place}: {reason}, at line {line}, column {column}."),
                    "The shape of the body is in /openapi.json.".into(),
                )
            }
            Self::WrongContentType { expected } => {
                (format!("The body must be {expected}."), format!("Send it with the header `Content-Type: {expected}`."))
            }
            Self::TooLarge { limit } => {
                body.limit_bytes = Some(*limit);
                (format!("The body has more than {limit} bytes."), "Send less.".into())
            }
            Self::BrokenBody => ("The body ended before it was whole.".into(), "Send it again.".into()),
            Self::WrongPath { reason } | Self::WrongQuery { reason } => {
                (sentence(reason), "What belongs there is in /openapi.json.".into())
            }
            Self::WrongHeader { name, reason } => {
                body.field = Some((*name).into());
                (format!("The header {name}: {reason}."), "Correct the header or leave it out.".into())
            }
            Self::Invalid { field, reason, remedy } => {
                body.field = Some((*field).into());
                (format!("{field}: {reason}"), remedy.clone())
            }
            Self::Conflict(conflict) if conflict.is_early() => {
                (sentence(&conflict.to_string()), "Wait until it is active; `hallpass grant show` says what it waits for.".into())
            }
            Self::Conflict(conflict) => (
                sentence(&conflict.to_string()),
                format!("Look at the {} as it is now. What has ended stays ended: where more is needed, ask anew.", conflict.noun),
            ),
            Self::Stale => ("It was changed by someone else at the same moment.".into(), "Look at it again, then try again.".into()),
            Self::Duplicate { noun, name } => {
                (format!("There is a {noun} {name} already."), "Use the one that is there, or choose another name.".into())
            }
            Self::TooLong { asked_ms, max_ms, policies } => {
                body.policies.clone_from(policies);
                body.field = Some("duration_ms".into());
                (body.asked_ms, body.max_ms) = (Some(*asked_ms), Some(*max_ms));
                let (asked, most) = (human(*asked_ms), human(*max_ms));
                (format!("{asked} was asked for, the limit is {most}."), format!("Ask for at most {most} (duration_ms {max_ms})."))
            }
            Self::Gone { reason, remedy }
            | Self::Taken { reason, remedy }
            | Self::TooMany { reason, remedy }
            | Self::InUse { reason, remedy } => (sentence(reason), remedy.clone()),
            Self::NotAdmitted(refusal) => (sentence(&refusal.reason), refusal.remedy.clone()),
            Self::Target(failure) => {
                body.failure = Some(failure.kind.to_string());
                body.code = Some(failure.code.clone());
                (sentence(&failure.message), target_remedy(failure).into())
            }
            Self::Busy => ("This node has as many calls in hand as it takes. Nothing was done.".into(), "Try again in a moment.".into()),
            Self::Unavailable => (
                "The broker cannot do this now. Nothing was changed.".into(),
                "Try again in a moment. The operator finds the cause at /readyz and in the broker's log.".into(),
            ),
            Self::Full => (
                "There is no room left to record changes, so nothing was changed.".into(),
                "Make room on the disk of the broker's data folder or in its database, then try again. Nothing needs to be repaired."
                    .into(),
            ),
            Self::TimedOut => (
                "No answer came in time. What this call began is finished all the same.".into(),
                "Look at what it was about before you try again.".into(),
            ),
            Self::Internal => (
                "The broker failed.".into(),
                "Tell the operator the x-request-id of this answer: the cause is in the broker's log under it.".into(),
            ),
        };
        (body.detail, body.remedy) = (detail, remedy);
        body
    }

    /// After how many seconds another try makes sense, where that is known.
    fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::Unavailable | Self::TimedOut | Self::Busy => Some(2),
            Self::Target(Failure { retry_after_ms: Some(ms), .. }) => Some(ms.div_ceil(1000).max(1)),
            _ => None,
        }
    }
}

/// What to do about a target that said no, or that was not asked. The broker's own account in it is meant, not the caller.
fn target_remedy(failure: &Failure) -> &'static str {
    match failure.code.as_str() {
        "connector-banned" => return "Move the target to another version: `hallpass connector upgrade`.",
        "connector-quarantined" => return "Once its cause is mended, `hallpass target lift` lets the calls go on.",
        "connector-not-accepted" => {
            return "Read what it asks for with `hallpass connector show`, and accept it with `hallpass connector accept`.";
        }
        _ => {}
    }
    match failure.kind {
        FailureKind::InvalidInput => "Check the target's settings and the resource.",
        FailureKind::Unauthenticated => "Check the target's secrets: `hallpass target update` sets them anew.",
        FailureKind::Forbidden => "Give the broker's own account in the target the rights that the connector needs.",
        FailureKind::NotFound => "Check that what the settings or the resource name is in the target.",
        FailureKind::Conflict => "Look at what the target holds under this name.",
        FailureKind::RateLimited => "Wait; the target asks to slow down.",
        FailureKind::Unavailable | FailureKind::Timeout => "Check that the target runs and can be reached from the broker, then try again.",
        FailureKind::Unsupported => "Use another entitlement or a newer version of the connector.",
        FailureKind::Internal => "Tell the connector's publisher; the broker's log has more.",
    }
}

/// With a capital letter and a full stop, if it has none.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let mut out: String = chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default();
    if !out.ends_with(['.', '!', '?']) {
        out.push('.');
    }
    out
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = self.body();
        let status = self.kind().status;
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, MEDIA_TYPE);
        if status == StatusCode::UNAUTHORIZED {
            // RFC 6750, section 3.1: no error code where no token came.
            let invalid = matches!(self, Self::Unauthenticated { token_given: true, .. });
            let challenge = if invalid { "Bearer realm=\"hallpass\", error=\"invalid_token\"" } else { "Bearer realm=\"hallpass\"" };
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(seconds) = self.retry_after_s() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
