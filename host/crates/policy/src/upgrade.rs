//! The decision on an upgrade of a connector that asks for more than before.

use hallpass_domain::request::{OnTimeout, Stage};

use crate::action::Action;
use crate::combine;
use crate::decide::Denied;
use crate::facts::{ConnectorFacts, PrincipalFacts, ResourceFacts};
use crate::load::PolicySet;

/// The group that approves where no policy names a route.
const DEFAULT_GROUP: &str = "operators";

/// A yes to an upgrade, under conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpgradeAllowed {
    /// Who must approve, in this order: the routes of the permits that apply, else one operator.
    pub stages: Vec<Stage>,
    /// The permits that apply.
    pub policies: Vec<String>,
    /// The revision of the set that answered.
    pub revision: String,
}

impl PolicySet {
    /// Whether this principal may ask for more permissions for a connector, and who must approve.
    pub fn decide_upgrade(&self, principal: &PrincipalFacts, connector: &ConnectorFacts) -> Result<UpgradeAllowed, Denied> {
        let verdict = self.authorize(principal, Action::ConnectorUpgrade, ResourceFacts::Connector(connector));
        let revision = self.revision().to_owned();
        if !verdict.allowed {
            let reason = verdict.reason.unwrap_or_default();
            return Err(Denied { policies: verdict.policies, reason, revision });
        }
        let permits = verdict.policies.iter().filter_map(|id| self.policies.get(id));
        let routes = permits.filter_map(|policy| self.routes.get(policy.asks.route.as_ref()?).map(Vec::as_slice));
        let mut stages = combine::stages(routes);
        if stages.is_empty()
            && let Ok(group) = DEFAULT_GROUP.parse()
        {
            stages.push(Stage { group, n: 1, denials: 1, timeout_ms: None, on_timeout: OnTimeout::Deny, escalate_to: None });
        }
        Ok(UpgradeAllowed { stages, policies: verdict.policies, revision })
    }
}

#[cfg(test)]
mod tests {
    use hallpass_domain::name::Name;

    use super::*;
    use crate::facts::AskedFacts;
    use crate::fixture::*;

    fn connector() -> ConnectorFacts {
        ConnectorFacts { name: "postgres".to_owned() }
    }

    fn groups(stages: &[Stage]) -> Vec<&str> {
        stages.iter().map(|s| s.group.as_str()).collect()
    }

    #[test]
    fn one_operator_approves_where_no_policy_says_otherwise() {
        let operator = user("olga", &["operators"]);
        let allowed = set("").decide_upgrade(&operator, &connector()).unwrap();
        assert_eq!((groups(&allowed.stages), allowed.stages[0].n), (vec!["operators"], 1));
        assert!(set("").decide_upgrade(&user("dan", &["dba"]), &connector()).is_err());
        let routed = set(r#"@id("dbas") @route("two-dbas")
            permit (principal in Group::"operators", action == Action::"connector.upgrade", resource == Connector::"postgres");"#);
        assert_eq!(groups(&routed.decide_upgrade(&operator, &connector()).unwrap().stages), ["dba"]);
        let other = ConnectorFacts { name: "other".to_owned() };
        assert_eq!(groups(&routed.decide_upgrade(&operator, &other).unwrap().stages), ["operators"]);
    }

    #[test]
    fn neither_who_asks_nor_who_loaded_it_approves() {
        let mut asked = request(user("olga", &["operators"]), admin("shop-prod"), &["operators"]);
        asked.beneficiary = Some(user("ulf", &["operators"]));
        asked.what = AskedFacts::Connector(connector());
        let operators: Vec<Name> = vec!["operators".parse().unwrap()];
        for who in ["olga", "ulf"] {
            let verdict = set("").may_approve(&user(who, &["operators"]), &asked, &operators);
            assert_eq!(verdict.policies, ["builtin.no-self-approved-permissions"], "{who}");
        }
        assert!(set("").may_approve(&user("eve", &["operators"]), &asked, &operators).allowed);
        assert!(!set("").may_approve(&user("dan", &["dba"]), &asked, &operators).allowed);
    }
}
