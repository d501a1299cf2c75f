//! What a policy says beside its condition. Cedar gives annotations no meaning and checks none: all of it is here.

use hallpass_domain::clock::Millis;
use serde::Serialize;

use crate::action::Action;
use crate::duration;
use crate::fault::Problem;

/// What a permit of `request` or `auto_approve` asks of those who use it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Asks {
    /// `@route`: the stages that must approve.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// `@max`: the longest time it may be asked for, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_ms: Option<Millis>,
    /// `@justification("required")`.
    pub justification_required: bool,
}

/// All annotations of a policy but its id.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Annotations {
    pub(crate) asks: Asks,
    /// `@reason`: why, in words for those who are refused or allowed by it.
    pub(crate) reason: Option<String>,
}

const MAX: &str = "max";
const ROUTE: &str = "route";
const JUSTIFICATION: &str = "justification";
const OF_REQUEST: &str = "\"request\" or \"connector.upgrade\"";
const OF_ASKING: &str = "\"request\" or \"auto_approve\"";

impl Annotations {
    /// Reads the annotations of a policy. `asking` is the action of a permit of `request`, `auto_approve` or
    /// `connector.upgrade` alone, else `None`.
    pub(crate) fn read<'a>(annotations: impl Iterator<Item = (&'a str, &'a str)>, asking: Option<Action>) -> (Self, Vec<Problem>) {
        let mut read = Self::default();
        let of_access = matches!(asking, Some(Action::Request | Action::AutoApprove));
        let mut problems = Vec::new();
        for (key, value) in annotations {
            let outcome = match key {
                "id" => Ok(()),
                "reason" => read.reason(value),
                ROUTE if matches!(asking, Some(Action::Request | Action::ConnectorUpgrade)) => {
                    read.asks.route = Some(value.to_owned());
                    Ok(())
                }
                ROUTE => Err(Problem::MisplacedAnnotation { annotation: ROUTE, applies: OF_REQUEST }),
                MAX if of_access => read.max(value),
                MAX => Err(Problem::MisplacedAnnotation { annotation: MAX, applies: OF_ASKING }),
                JUSTIFICATION if of_access => read.justification(value),
                JUSTIFICATION => Err(Problem::MisplacedAnnotation { annotation: JUSTIFICATION, applies: OF_ASKING }),
                other => Err(Problem::UnknownAnnotation(other.to_owned())),
            };
            problems.extend(outcome.err());
        }
        (read, problems)
    }

    fn reason(&mut self, value: &str) -> Result<(), Problem> {
        if value.trim().is_empty() || value.len() > 500 || value.chars().any(char::is_control) {
            return Err(bad("reason", value, "one line of 1 to 500 bytes"));
        }
        self.reason = Some(value.to_owned());
        Ok(())
    }

    fn max(&mut self, value: &str) -> Result<(), Problem> {
        self.asks.max_ms = Some(duration::parse(value).ok_or_else(|| bad(MAX, value, duration::EXPECTED))?);
        Ok(())
    }

    fn justification(&mut self, value: &str) -> Result<(), Problem> {
        if value != "required" {
            return Err(bad(JUSTIFICATION, value, "\"required\"; leave it out where none is needed"));
        }
        self.asks.justification_required = true;
        Ok(())
    }
}

fn bad(annotation: &'static str, value: &str, expected: &'static str) -> Problem {
    Problem::BadValue { annotation, value: value.escape_debug().collect(), expected }
}
