//! The host's own look over HTTP: a declared request whose answer is compared with what each state looks like.

use std::collections::BTreeMap;

use hallpass_domain::holding::Presence;
use hallpass_domain::port::{Failure, FailureKind};

use super::request::Request;
use crate::capability::sql::look::{Expected, Verdict};
use crate::capability::sql::statement::render::Frozen;
use crate::capability::sql::values::Value;
use crate::hostile_text;
use crate::manifest::http::{Expect, Reply};

/// A declared look.
#[derive(Debug)]
pub(crate) struct Look {
    /// What is asked.
    pub(crate) request: Request,
    states: Vec<(Presence, Pattern)>,
}

#[derive(Debug, PartialEq)]
struct Pattern {
    status: u16,
    body: BTreeMap<String, Expected>,
}

impl Look {
    /// Checks what is expected. The error is a sentence.
    pub(crate) fn declare(request: Request, expect: &Expect) -> Result<Self, String> {
        let mut states = vec![(Presence::Present, pattern(&request.name, &expect.present)?)];
        if let Some(reply) = &expect.suspended {
            states.push((Presence::Suspended, pattern(&request.name, reply)?));
        }
        states.push((Presence::Absent, pattern(&request.name, &expect.absent)?));
        let alike = states.iter().enumerate().any(|(n, (_, a))| states.iter().skip(n + 1).any(|(_, b)| a == b));
        if alike {
            return Err(format!("the look `{}` expects the same answer for two states, which it could not tell apart", request.name));
        }
        Ok(Self { request, states })
    }

    /// Compares an answer with the states. An answer that says that the host may not see is a failure, not drift.
    pub(crate) fn judge(&self, status: u16, body: &[u8], frozen: Frozen<'_>) -> Result<Verdict, Failure> {
        let document: Option<serde_json::Value> = serde_json::from_slice(body).ok();
        let at = |pointer: &str| document.as_ref().and_then(|d| d.pointer(pointer));
        let fits = |pattern: &Pattern| {
            pattern.status == status
                && pattern.body.iter().all(|(pointer, expected)| at(pointer).and_then(value).is_some_and(|v| expected.matches(&v, frozen)))
        };
        let mut fitting = self.states.iter().filter(|(_, pattern)| fits(pattern));
        match (fitting.next(), fitting.next()) {
            (Some((presence, pattern)), None) => {
                let mark = pattern.body.iter().find(|(_, e)| **e == Expected::Mark).and_then(|(pointer, _)| at(pointer).and_then(value));
                let attempt = mark.and_then(|v| crate::capability::sql::look::attempt_of(&v, frozen));
                Ok(Verdict { presence: Some(*presence), attempt, details: vec![] })
            }
            (None, _) if self.states.iter().all(|(_, p)| p.status != status) => self.unexpected(status),
            _ => Ok(Verdict { presence: None, attempt: None, details: self.details(status, &at) }),
        }
    }

    fn unexpected(&self, status: u16) -> Result<Verdict, Failure> {
        let name = &self.request.name;
        let failed =
            |kind, code: &str, what: &str| Err(Failure::none(kind, code, format!("the look `{name}` was answered {status}: {what}")));
        match status {
            401 => failed(FailureKind::Unauthenticated, "look-unauthenticated", "the target did not take the broker's credential"),
            403 => failed(FailureKind::Forbidden, "look-forbidden", "the broker's account there may not see it"),
            408 | 500..=599 => failed(FailureKind::Unavailable, "look-unavailable", "the target cannot say at the moment"),
            429 => failed(FailureKind::RateLimited, "look-rate-limited", "the target asks to slow down"),
            _ => Ok(Verdict { presence: None, attempt: None, details: vec![(format!("{name}.status"), status.to_string())] }),
        }
    }

    /// What is there where a state with this status expects something.
    fn details<'a>(&self, status: u16, at: &impl Fn(&str) -> Option<&'a serde_json::Value>) -> Vec<(String, String)> {
        let name = &self.request.name;
        let mut out = vec![(format!("{name}.status"), status.to_string())];
        for (_, pattern) in self.states.iter().filter(|(_, p)| p.status == status) {
            for pointer in pattern.body.keys() {
                let found = at(pointer).map_or_else(|| "nothing".to_owned(), |v| v.as_str().map_or_else(|| v.to_string(), str::to_owned));
                out.push((format!("{name}.{pointer}"), hostile_text::line(&found, 256)));
            }
        }
        out.dedup();
        out
    }
}

fn pattern(look: &str, reply: &Reply) -> Result<Pattern, String> {
    if !(200..600).contains(&reply.status) {
        return Err(format!("the look `{look}` expects the status {}, which no answer has", reply.status));
    }
    let expected = reply.body.iter().map(|(pointer, wanted)| {
        if !pointer.is_empty() && !pointer.starts_with('/') {
            return Err(format!("the look `{look}` looks at `{pointer}`, which is no JSON pointer: it begins with a slash"));
        }
        if !hostile_text::is_one_line(pointer) {
            return Err(format!("the look `{look}` looks at {}, which is not one plain line", hostile_text::quoted(pointer)));
        }
        match Expected::parse(wanted) {
            Some(Expected::Until) | None => Err(format!(
                "the look `{look}` expects at `{pointer}` what no answer can be compared with: a text, integer, boolean, null, stamp, resource.… or grant.…"
            )),
            Some(expected) => Ok((pointer.clone(), expected)),
        }
    });
    Ok(Pattern { status: reply.status, body: expected.collect::<Result<_, _>>()? })
}

fn value(json: &serde_json::Value) -> Option<Value> {
    Some(match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(b) => Value::Boolean(*b),
        serde_json::Value::Number(n) => Value::Integer(n.as_i64()?),
        serde_json::Value::String(text) => Value::Text(text.clone()),
        serde_json::Value::Array(_) | serde_json::Value::Object(_) => return None,
    })
}
