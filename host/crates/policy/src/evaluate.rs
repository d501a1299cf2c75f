//! One question to Cedar. An answer that is not a clean yes is a no.

use cedar_policy::{
    AuthorizationError, Authorizer, Context, Decision, Entities, EntityUid, PolicySet as CedarSet, Request, RestrictedExpression,
};
use hallpass_domain::clock::Millis;

use crate::action::Action;
use crate::entity::Scene;
use crate::facts::PrincipalFacts;
use crate::load::PolicySet;

/// A question, ready to be asked of any set of policies.
pub(crate) struct Question {
    request: Request,
    entities: Entities,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Some permit applies, no forbid does, and nothing failed.
    pub(crate) permitted: bool,
    /// The permits, or the forbids, that decided; sorted.
    pub(crate) policies: Vec<String>,
    /// What could not be evaluated: the policy where one is to blame, and why.
    pub(crate) failures: Vec<(Option<String>, String)>,
}

impl Outcome {
    fn failed(why: String) -> Self {
        Self { failures: vec![(None, why)], ..Self::default() }
    }

    /// The failures as one sentence; `None` when there is none.
    pub(crate) fn failure(&self) -> Option<String> {
        let (policy, why) = self.failures.first()?;
        Some(match policy {
            Some(id) => format!("the policy \"{id}\" could not be evaluated, so the answer is no: {why}; have an operator correct it"),
            None => format!("the question does not fit the schema of policies, so the answer is no: {why}"),
        })
    }

    /// The policies to name in a refusal: those that failed, else those that forbid.
    pub(crate) fn to_blame(&self) -> Vec<String> {
        let mut failed: Vec<String> = self.failures.iter().filter_map(|(policy, _)| policy.clone()).collect();
        failed.sort();
        if self.failures.is_empty() { self.policies.clone() } else { failed }
    }
}

impl PolicySet {
    /// Puts a question together. `about` describes what it is about.
    pub(crate) fn question(
        &self,
        principal: &PrincipalFacts,
        action: Action,
        duration_ms: Option<Millis>,
        about: impl FnOnce(&mut Scene<'_>) -> EntityUid,
    ) -> Result<Question, String> {
        let mut scene = Scene::new(&self.names);
        let principal = scene.principal(principal);
        let resource = about(&mut scene);
        let action = self.names.action(action).cloned().ok_or_else(|| format!("the action {action} has no name"))?;
        let context = match duration_ms {
            None => Context::empty(),
            Some(ms) => {
                let ms = RestrictedExpression::new_long(i64::try_from(ms).unwrap_or(i64::MAX));
                Context::from_pairs([("duration_ms".to_owned(), ms)]).map_err(|e| e.to_string())?
            }
        };
        let request = Request::new(principal, action, resource, context, Some(&self.schema)).map_err(|e| e.to_string())?;
        Ok(Question { request, entities: scene.entities()? })
    }

    /// Asks the whole set.
    pub(crate) fn ask(&self, question: Result<Question, String>) -> Outcome {
        match question {
            Err(why) => Outcome::failed(why),
            Ok(question) => question.put_to(&self.authorizer, &self.cedar),
        }
    }
}

impl Question {
    /// Asks any set.
    pub(crate) fn put_to(&self, authorizer: &Authorizer, set: &CedarSet) -> Outcome {
        let response = authorizer.is_authorized(&self.request, set, &self.entities);
        let mut policies: Vec<String> = response.diagnostics().reason().map(ToString::to_string).collect();
        policies.sort();
        let mut failures: Vec<(Option<String>, String)> = response
            .diagnostics()
            .errors()
            .map(|AuthorizationError::PolicyEvaluationError(e)| (Some(e.policy_id().to_string()), e.inner().to_string()))
            .collect();
        failures.sort();
        Outcome { permitted: response.decision() == Decision::Allow && failures.is_empty(), policies, failures }
    }
}
