//! Tries a version out at a sandbox target.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use hallpass_broker as broker;
use hallpass_domain::ids::Digest;
use hallpass_domain::name::Name;
use hallpass_domain::port::{LawTried, TrialVerdict, TrialWish};
use hallpass_domain::resource::Resource;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::extract::{Caller, Place, Strict};
use crate::problem::Problem;
use crate::shape::once_each;

/// What is to be tried, and where.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTrial {
    /// A target of the connector in the environment `sandbox` or `test`, by name.
    #[schema(value_type = String, example = "shop-sandbox")]
    pub target: Name,
    /// What is applied and taken away there; the sample wishes of the connector's fixture where none is named and none of them gives access to an account.
    #[serde(default)]
    pub wishes: Vec<SampleWish>,
}

/// Something that is applied and taken away.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SampleWish {
    /// What the report calls it.
    pub name: String,
    /// An entitlement of the connector.
    pub entitlement: String,
    /// A resource that the target has.
    #[schema(value_type = String, example = "database:shop/schema:sales")]
    pub resource: Resource,
    /// The account that gains access; absent where one is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Approved parameters.
    #[serde(default, deserialize_with = "once_each")]
    pub parameters: BTreeMap<String, String>,
}

/// What came of a trial.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Trial {
    /// No law was broken, and nothing was left behind.
    pub kept: bool,
    /// Law by law, in the order in which they are checked.
    pub laws: Vec<CheckedLaw>,
    /// What is still there although the trial tried to take it away: marks or accounts, with entitlement and resource.
    pub left: Vec<String>,
}

/// One law.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct CheckedLaw {
    /// Its name.
    pub law: String,
    /// What it says.
    pub says: String,
    /// `kept`, `skipped` or `broken`.
    pub verdict: String,
    /// In how many calls it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<usize>,
    /// Why it was not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// Where it was broken: an item of the WIT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// What was done and what came of it. May hold a connector's words: untrusted text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
}

impl From<LawTried> for CheckedLaw {
    fn from(tried: LawTried) -> Self {
        let law = Self { law: tried.law, says: tried.says, ..Self::default() };
        match tried.verdict {
            TrialVerdict::Kept { calls } => Self { verdict: "kept".into(), calls: Some(calls), ..law },
            TrialVerdict::Skipped { because } => Self { verdict: "skipped".into(), because: Some(because), ..law },
            TrialVerdict::Broken { item, what, mend } => {
                Self { verdict: "broken".into(), item: Some(item), what: Some(what), mend: Some(mend), ..law }
            }
        }
    }
}

impl From<SampleWish> for TrialWish {
    fn from(w: SampleWish) -> Self {
        Self { name: w.name, entitlement: w.entitlement, resource: w.resource, account: w.account, parameters: w.parameters }
    }
}

/// Try a version out
///
/// Runs those laws of conformance that can be checked at a real target. What is made there is taken away again, also when a law is broken.
/// The target must be in the environment `sandbox` or `test`; the version need not be the one that it uses.
#[utoipa::path(
    post, path = "/v1/connectors/{digest}/test", tag = "connectors", operation_id = "test_connector",
    params(("digest" = String, Path, description = "Digest of the version to try")),
    request_body = NewTrial,
    responses((status = 200, description = "What came of it", body = Trial)),
    extensions(("x-hallpass-action" = json!("connector.test")))
)]
pub(crate) async fn test(
    State(app): State<App>,
    Caller(ctx): Caller,
    Place(digest): Place<Digest>,
    Strict(new): Strict<NewTrial>,
) -> Result<Json<Trial>, Problem> {
    let new = broker::NewTrial { target: new.target, wishes: new.wishes.into_iter().map(TrialWish::from).collect() };
    let tried = app.broker.test_connector(&ctx, &digest, new).await?;
    let kept = tried.is_kept();
    Ok(Json(Trial { kept, laws: tried.laws.into_iter().map(CheckedLaw::from).collect(), left: tried.left }))
}
