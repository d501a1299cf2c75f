//! The verbs of the API, and verdicts.

use hallpass_domain::name::Name;
use serde::Serialize;

use crate::action::Action;
use crate::evaluate::Outcome;
use crate::facts::{AskedFacts, PrincipalFacts, RequestFacts, ResourceFacts};
use crate::load::PolicySet;

/// Whether somebody may do something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[must_use = "a verdict that nobody reads protects nothing"]
pub struct Verdict {
    /// Whether.
    pub allowed: bool,
    /// The policies that decided; none when no permit applies.
    pub policies: Vec<String>,
    /// Why not; `None` when allowed.
    pub reason: Option<String>,
}

impl Verdict {
    fn refused(policies: Vec<String>, reason: String) -> Self {
        Self { allowed: false, policies, reason: Some(reason) }
    }
}

impl PolicySet {
    /// Whether a principal may use a verb of the API on a resource. The three actions that decide on access have
    /// questions of their own, [`PolicySet::decide`] and [`PolicySet::may_approve`], and are refused here.
    pub fn authorize(&self, principal: &PrincipalFacts, action: Action, resource: ResourceFacts<'_>) -> Verdict {
        if action.decides_access() {
            return Verdict::refused(Vec::new(), format!("\"{action}\" is no verb of the API; it is decided with its request"));
        }
        let outcome = self.ask(&self.question(principal, None, |scene| scene.resource(resource)), action);
        self.verdict(&outcome, || {
            format!(
                "no policy permits {} {} to do \"{action}\" here; have an operator do it or permit it",
                principal.kind(),
                principal.name()
            )
        })
    }

    /// Whether a principal may give a verdict on a request whose current stage asks `groups`: the stage's own, and the
    /// one that it escalated to. Needs both: membership in one of them, and a permit of `approve` without a forbid.
    pub fn may_approve(&self, approver: &PrincipalFacts, request: &RequestFacts, groups: &[Name]) -> Verdict {
        let PrincipalFacts::User(user) = approver else {
            return Verdict::refused(
                Vec::new(),
                format!("{} {} is not a human, and only humans approve", approver.kind(), approver.name()),
            );
        };
        let action = match request.what {
            AskedFacts::Access(_) => Action::Approve,
            AskedFacts::Connector(_) => Action::ConnectorApprove,
        };
        let outcome = self.ask(&self.question(approver, None, |scene| scene.request(request, Some(groups))), action);
        let refused = outcome.failure().is_some() || (!outcome.permitted && !outcome.policies.is_empty());
        if !refused && !user.groups.iter().any(|g| groups.contains(g)) {
            let asked = groups.iter().map(Name::as_str).collect::<Vec<_>>().join(" or ");
            return Verdict::refused(Vec::new(), format!("user {} is not a member of {asked}, which this stage asks", user.name));
        }
        self.verdict(&outcome, || format!("no policy permits user {} to approve this request", user.name))
    }

    fn verdict(&self, outcome: &Outcome, no_permit: impl FnOnce() -> String) -> Verdict {
        if outcome.permitted {
            return Verdict { allowed: true, policies: outcome.policies.clone(), reason: None };
        }
        let reason = outcome.failure().or_else(|| self.forbidden(outcome)).unwrap_or_else(no_permit);
        Verdict::refused(outcome.to_blame(), reason)
    }
}

#[cfg(test)]
mod tests;
