//! Why a decision is as it is: each policy that has a say, whether it applies, what it asks, and what comes of all.

use std::fmt;

use cedar_policy::PolicySet as CedarSet;
use hallpass_domain::request::{OnTimeout, Stage};
use serde::Serialize;

use crate::action::Action;
use crate::annotation::Asks;
use crate::decide::Decision;
use crate::duration;
use crate::evaluate::Question;
use crate::facts::AccessQuery;
use crate::load::{Effect, PolicySet, PolicySummary};

/// The answer to "why".
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Every policy about `request` or `auto_approve`, by id; those that apply and those that do not.
    pub policies: Vec<Explained>,
    /// What comes of them.
    pub decision: Decision,
}

/// One policy in one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// Its id.
    pub id: String,
    /// `request` or `auto_approve`.
    pub action: Action,
    /// Permit or forbid.
    pub effect: Effect,
    /// Its file.
    pub file: String,
    /// Its line in it.
    pub line: usize,
    /// Whether it applies.
    pub matched: Matched,
    /// What it asks if it does.
    pub asks: Asks,
    /// Its `@reason`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Whether a policy applies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Matched {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// Nobody can say, so the answer is no.
    Failed(String),
}

impl PolicySet {
    /// Decides as [`PolicySet::decide`] does, and shows how each policy took part.
    pub fn explain(&self, query: &AccessQuery) -> Explanation {
        let mut policies = Vec::new();
        let question = self.access_question(query);
        for action in [Action::Request, Action::AutoApprove] {
            for summary in self.policies().filter(|s| s.is_about(action)) {
                let matched = self.matched(&question, action, summary);
                policies.push(Explained {
                    id: summary.id.clone(),
                    action,
                    effect: summary.effect,
                    file: summary.file.clone(),
                    line: summary.line,
                    matched,
                    asks: summary.asks.clone(),
                    reason: summary.reason.clone(),
                });
            }
        }
        Explanation { policies, decision: self.decide(query) }
    }

    /// Asks one policy alone.
    fn matched(&self, question: &Result<Question, String>, action: Action, summary: &PolicySummary) -> Matched {
        let mut alone = CedarSet::new();
        if let Some(policy) = self.cedar.policy(&cedar_policy::PolicyId::new(&summary.id))
            && let Err(e) = alone.add(policy.clone())
        {
            return Matched::Failed(e.to_string());
        }
        let outcome = self.ask_of(&alone, question, action);
        match outcome.failures.first() {
            Some((_, why)) => Matched::Failed(why.clone()),
            None if outcome.policies.is_empty() => Matched::No,
            None => Matched::Yes,
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.decision {
            Decision::Denied(denied) => writeln!(f, "denied: {}", denied.reason)?,
            Decision::Allowed(allowed) => {
                if allowed.auto {
                    writeln!(f, "allowed, nobody needs to approve")?;
                } else {
                    writeln!(f, "allowed, once approved:")?;
                }
                for (number, stage) in (1..).zip(&allowed.stages) {
                    write!(f, "  {number}. ")?;
                    show_stage(f, stage)?;
                }
                if let Some(max) = allowed.max_ms {
                    writeln!(f, "  at most {}", duration::show(max))?;
                }
                if allowed.justification_required {
                    writeln!(f, "  with a justification")?;
                }
            }
        }
        for (title, matched) in [("applies", true), ("does not apply", false)] {
            for policy in self.policies.iter().filter(|p| (p.matched != Matched::No) == matched) {
                write!(f, "{title}: {policy}")?;
            }
        }
        write!(f, "revision {}", self.decision.revision())
    }
}

fn show_stage(f: &mut fmt::Formatter<'_>, stage: &Stage) -> fmt::Result {
    let s = if stage.denials == 1 { "" } else { "s" };
    write!(f, "{} of {}, ended by {} denial{s}", stage.n, stage.group, stage.denials)?;
    if let Some(timeout) = stage.timeout_ms {
        write!(f, "; after {}: ", duration::show(timeout))?;
        match (stage.on_timeout, &stage.escalate_to) {
            (OnTimeout::Escalate, Some(group)) => write!(f, "{group} may approve too")?,
            (other, _) => write!(f, "{other}")?,
        }
    }
    writeln!(f)
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let effect = match self.effect {
            Effect::Permit => "permit",
            Effect::Forbid => "forbid",
        };
        write!(f, "{effect} of {} \"{}\" ({}:{})", self.action, self.id, self.file, self.line)?;
        if let Some(route) = &self.asks.route {
            write!(f, ", route {route}")?;
        }
        if let Some(max) = self.asks.max_ms {
            write!(f, ", at most {}", duration::show(max))?;
        }
        if self.asks.justification_required {
            write!(f, ", justification required")?;
        }
        if let Matched::Failed(why) = &self.matched {
            write!(f, ", could not be evaluated: {why}")?;
        }
        match &self.reason {
            Some(reason) => writeln!(f, ": {reason}"),
            None => writeln!(f),
        }
    }
}

#[cfg(test)]
mod tests;
