//! The decision on an asking: no, yes, or who must approve.

use hallpass_domain::clock::Millis;
use hallpass_domain::request::Stage;
use serde::Serialize;

use crate::action::Action;
use crate::annotation::Asks;
use crate::combine;
use crate::duration;
use crate::evaluate::{Outcome, Question};
use crate::facts::AccessQuery;
use crate::load::PolicySet;

/// What policy says to an asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum Decision {
    /// No.
    Denied(Denied),
    /// Yes, under these conditions.
    Allowed(Allowed),
}

/// A no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Denied {
    /// The policies that forbid it or could not be evaluated; none when no permit applies.
    pub policies: Vec<String>,
    /// Why, for the one who asks.
    pub reason: String,
    /// The revision of the set that answered.
    pub revision: String,
}

/// A yes under conditions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Allowed {
    /// A permit of `auto_approve` applies: nobody is asked, and `stages` is empty. Otherwise there is a stage.
    pub auto: bool,
    /// Who must approve, in this order.
    pub stages: Vec<Stage>,
    /// The longest time it may be asked for, in milliseconds.
    pub max_ms: Option<Millis>,
    /// Whether a justification is needed.
    pub justification_required: bool,
    /// The permits that apply and what each asks, by action and id.
    pub policies: Vec<Decider>,
    /// The revision of the set that answered.
    pub revision: String,
}

/// A permit that had a say in a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decider {
    /// Its id.
    pub id: String,
    /// What it asks.
    #[serde(flatten)]
    pub asks: Asks,
}

/// An asking that does not keep to the conditions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unmet {
    /// Longer than policy allows.
    #[error("the policy \"{policy}\" allows at most {}, and {} was asked for; ask for {} or less", duration::show(*.max_ms), duration::show(*.asked_ms), duration::show(*.max_ms))]
    TooLong {
        /// What was asked for, in milliseconds.
        asked_ms: Millis,
        /// The limit, in milliseconds.
        max_ms: Millis,
        /// The policy that sets it.
        policy: String,
    },
    /// No justification.
    #[error("the policy \"{policy}\" requires a justification; say what the access is for")]
    NoJustification {
        /// The policy that requires it.
        policy: String,
    },
}

impl Allowed {
    /// Whether an asking of this length, with this justification, keeps to the conditions (law 7: no silent cut).
    pub fn admit(&self, duration_ms: Millis, justification: Option<&str>) -> Result<(), Unmet> {
        let shortest = self.policies.iter().filter_map(|p| p.asks.max_ms.map(|max| (max, p))).min_by_key(|(max, _)| *max);
        if let Some((max_ms, decider)) = shortest.filter(|(max, _)| duration_ms > *max) {
            return Err(Unmet::TooLong { asked_ms: duration_ms, max_ms, policy: decider.id.clone() });
        }
        let justified = justification.is_some_and(|j| !j.trim().is_empty());
        match self.policies.iter().find(|p| p.asks.justification_required) {
            Some(decider) if !justified => Err(Unmet::NoJustification { policy: decider.id.clone() }),
            _ => Ok(()),
        }
    }
}

impl Decision {
    /// The ids of the policies that decided.
    pub fn policy_ids(&self) -> Vec<String> {
        match self {
            Self::Denied(denied) => denied.policies.clone(),
            Self::Allowed(allowed) => allowed.policies.iter().map(|p| p.id.clone()).collect(),
        }
    }

    /// The revision of the set that decided.
    pub fn revision(&self) -> &str {
        match self {
            Self::Denied(denied) => &denied.revision,
            Self::Allowed(allowed) => &allowed.revision,
        }
    }
}

impl PolicySet {
    /// Decides on an asking. The same facts and the same revision give the same decision, at any time.
    pub fn decide(&self, query: &AccessQuery) -> Decision {
        let question = self.access_question(query);
        let [request, auto] = [Action::Request, Action::AutoApprove].map(|action| self.ask(&question, action));
        for outcome in [&request, &auto] {
            if let Some(failure) = outcome.failure() {
                return self.denied(outcome.to_blame(), failure);
            }
        }
        if !request.permitted {
            let reason = self.forbidden(&request).unwrap_or_else(|| no_permit(query));
            return self.denied(request.policies, reason);
        }
        let waived: &[String] = if auto.permitted { &auto.policies } else { &[] };
        let policies: Vec<Decider> = request.policies.iter().chain(waived).filter_map(|id| self.decider(id)).collect();
        let routes = policies.iter().filter_map(|p| self.routes.get(p.asks.route.as_ref()?).map(Vec::as_slice));
        let stages = if auto.permitted { Vec::new() } else { combine::stages(routes) };
        if stages.is_empty() && !auto.permitted {
            let named = request.policies.join("\", \"");
            let reason = format!(
                "the policy \"{named}\" permits it and names nobody who approves, and no permit of \"auto_approve\" applies; have an operator add @route"
            );
            return self.denied(request.policies, reason);
        }
        Decision::Allowed(Allowed {
            auto: auto.permitted,
            stages,
            max_ms: policies.iter().filter_map(|p| p.asks.max_ms).min(),
            justification_required: policies.iter().any(|p| p.asks.justification_required),
            policies,
            revision: self.revision().to_owned(),
        })
    }

    /// The question of an asking, for `request` and `auto_approve`.
    pub(crate) fn access_question(&self, query: &AccessQuery) -> Result<Question, String> {
        self.question(&query.principal, Some(query), |scene| scene.access(&query.access))
    }

    /// Why, where forbids decided; `None` where no permit applied.
    pub(crate) fn forbidden(&self, outcome: &Outcome) -> Option<String> {
        let id = outcome.policies.first()?;
        let reason = outcome.policies.iter().find_map(|id| self.policies.get(id)?.reason.as_ref().map(|r| (id, r)));
        Some(match reason {
            Some((id, reason)) => format!("the policy \"{id}\" forbids it: {reason}"),
            None => format!("the policy \"{id}\" forbids it"),
        })
    }

    fn decider(&self, id: &str) -> Option<Decider> {
        self.policies.get(id).map(|s| Decider { id: id.to_owned(), asks: s.asks.clone() })
    }

    fn denied(&self, policies: Vec<String>, reason: String) -> Decision {
        Decision::Denied(Denied { policies, reason, revision: self.revision().to_owned() })
    }
}

fn no_permit(query: &AccessQuery) -> String {
    let (principal, access) = (&query.principal, &query.access);
    format!(
        "no policy permits {} {} to ask for {:?} on {} of target {}; ask for something else, or have an operator add a permit of \"request\"",
        principal.kind(),
        principal.name(),
        access.entitlement,
        access.resource,
        access.target.name
    )
}

#[cfg(test)]
mod tests;
