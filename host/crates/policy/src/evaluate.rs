//! One question to Cedar. An answer that is not a clean yes is a no.

use cedar_policy::{
    AuthorizationError, Authorizer, Context, Decision, Entities, EntityUid, PolicySet as CedarSet, Request, RestrictedExpression,
};

use crate::action::Action;
use crate::entity::Scene;
use crate::facts::{AccessQuery, PrincipalFacts};
use crate::load::PolicySet;

/// Who, what, and all facts about both: what several actions can be asked about.
pub(crate) struct Question {
    principal: EntityUid,
    resource: EntityUid,
    context: Context,
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
    fn failed(why: &str) -> Self {
        Self { failures: vec![(None, why.to_owned())], ..Self::default() }
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
        if self.failures.is_empty() {
            return self.policies.clone();
        }
        self.failures.iter().filter_map(|(policy, _)| policy.clone()).collect()
    }
}

impl PolicySet {
    /// Puts a question together. `about` describes what it is about; `asking` is there where access is asked for.
    pub(crate) fn question(
        &self,
        principal: &PrincipalFacts,
        asking: Option<&AccessQuery>,
        about: impl FnOnce(&mut Scene<'_>) -> EntityUid,
    ) -> Result<Question, String> {
        let mut scene = Scene::new(&self.names);
        let principal = scene.principal(principal);
        let resource = about(&mut scene);
        let context = match asking {
            None => Context::empty(),
            Some(query) => {
                let ms = RestrictedExpression::new_long(i64::try_from(query.duration_ms).unwrap_or(i64::MAX));
                let parameters = scene.parameters(&query.access.parameters);
                Context::from_pairs([("duration_ms".to_owned(), ms), ("parameters".to_owned(), parameters)]).map_err(|e| e.to_string())?
            }
        };
        Ok(Question { principal, resource, context, entities: scene.entities()? })
    }

    /// Asks the whole set.
    pub(crate) fn ask(&self, question: &Result<Question, String>, action: Action) -> Outcome {
        self.ask_of(&self.cedar, question, action)
    }

    /// Asks some of its policies.
    pub(crate) fn ask_of(&self, policies: &CedarSet, question: &Result<Question, String>, action: Action) -> Outcome {
        let request = question.as_ref().map_err(Clone::clone).and_then(|q| Ok((q, self.request(q, action)?)));
        match request {
            Err(why) => Outcome::failed(&why),
            Ok((question, request)) => answer(&self.authorizer, &request, policies, &question.entities),
        }
    }

    /// Fails where the action does not fit the principal or the resource.
    fn request(&self, question: &Question, action: Action) -> Result<Request, String> {
        let action = self.names.action(action).cloned().ok_or_else(|| format!("the action {action} has no name"))?;
        let Question { principal, resource, context, .. } = question;
        Request::new(principal.clone(), action, resource.clone(), context.clone(), Some(&self.schema)).map_err(|e| e.to_string())
    }
}

fn answer(authorizer: &Authorizer, request: &Request, policies: &CedarSet, entities: &Entities) -> Outcome {
    let response = authorizer.is_authorized(request, policies, entities);
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
