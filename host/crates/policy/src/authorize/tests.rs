//! What `authorize` must do.

use std::collections::BTreeSet;

use super::*;
use crate::facts::{ConnectorFacts, PrincipalFacts};
use crate::fixture::*;
use crate::load::PolicySet;

fn olga() -> PrincipalFacts {
    user("olga", &["developers", "data-team"])
}

fn bot() -> PrincipalFacts {
    agent("triage-bot", human("olga", &["developers", "data-team"]))
}

fn permitted(set: &PolicySet, who: &PrincipalFacts, resource: ResourceFacts<'_>) -> BTreeSet<&'static str> {
    Action::ALL.iter().filter(|a| set.authorize(who, **a, resource).allowed).map(|a| a.as_str()).collect()
}

fn words(text: &'static str) -> BTreeSet<&'static str> {
    text.split_whitespace().collect()
}

#[test]
fn each_principal_may_do_what_the_built_in_set_says_and_nothing_else() {
    let set = set("");
    let [ops, olga, bot, ci] = [user("root", &["operators"]), olga(), bot(), workload("ci", human("olga", &[]))];
    let [other, dba] = [user("eve", &["developers"]), user("dan", &["dba"])];
    let request = request(bot.clone(), schema_read("shop-prod"), &["dba"]);
    let held_by_bot = grant(bot.clone());
    let held_by_olga = grant(olga.clone());
    let held_by_ci = grant(ci.clone());
    let developers = name("developers");
    let connector = ConnectorFacts { name: "postgres".to_owned() };
    let target = target("shop-prod");

    let installation = ResourceFacts::Installation;
    let own = "grant.read grant.release credential.pick_up pass.mint";
    let table = [
        (&ops, installation, "principal.create target.create connector.load audit.read metrics.read policy.read policy.check"),
        (&other, installation, ""),
        (&bot, installation, ""),
        (&ops, ResourceFacts::Principal(&bot), "principal.read principal.enrol principal.offboard"),
        (&olga, ResourceFacts::Principal(&olga), "principal.read"),
        (&olga, ResourceFacts::Principal(&bot), "principal.read"),
        (&olga, ResourceFacts::Principal(&ci), "principal.read"),
        (&bot, ResourceFacts::Principal(&bot), "principal.read"),
        (&bot, ResourceFacts::Principal(&olga), ""),
        (&ci, ResourceFacts::Principal(&bot), ""),
        (&other, ResourceFacts::Principal(&bot), ""),
        (&other, ResourceFacts::Principal(&olga), ""),
        (&ops, ResourceFacts::Group(&developers), "group.read group.configure"),
        (&other, ResourceFacts::Group(&developers), "group.read"),
        (&dba, ResourceFacts::Group(&developers), ""),
        (&bot, ResourceFacts::Group(&developers), ""),
        (&ops, ResourceFacts::Target(&target), "target.read target.configure target.remove entitlement.read"),
        (&bot, ResourceFacts::Target(&target), "entitlement.read"),
        (
            &ops,
            ResourceFacts::Connector(&connector),
            "connector.ban connector.read connector.repin connector.test connector.unload connector.upgrade",
        ),
        (&olga, ResourceFacts::Connector(&connector), ""),
        (&ops, ResourceFacts::Request(&request), "request.read approval.read"),
        (&bot, ResourceFacts::Request(&request), "request.read request.withdraw approval.read"),
        (&olga, ResourceFacts::Request(&request), "request.read approval.read"),
        (&dba, ResourceFacts::Request(&request), "request.read approval.read"),
        (&other, ResourceFacts::Request(&request), ""),
        (&ci, ResourceFacts::Request(&request), ""),
        (&ops, ResourceFacts::Grant(&held_by_bot), "grant.read grant.revoke"),
        (&olga, ResourceFacts::Grant(&held_by_bot), "grant.read grant.revoke"),
        (&olga, ResourceFacts::Grant(&held_by_ci), "grant.read grant.revoke"),
        (&bot, ResourceFacts::Grant(&held_by_bot), own),
        (&ci, ResourceFacts::Grant(&held_by_ci), own),
        (&olga, ResourceFacts::Grant(&held_by_olga), own),
        (&bot, ResourceFacts::Grant(&held_by_olga), ""),
        (&ci, ResourceFacts::Grant(&held_by_bot), ""),
        (&other, ResourceFacts::Grant(&held_by_bot), ""),
        (&dba, ResourceFacts::Grant(&held_by_bot), ""),
    ];
    for (who, resource, expected) in table {
        assert_eq!(permitted(&set, who, resource), words(expected), "{} on {resource:?}", who.name());
    }
}

#[test]
fn a_beneficiary_sees_the_request_that_another_made_for_it() {
    let mut asked = request(user("eve", &[]), schema_read("shop-prod"), &[]);
    asked.beneficiary = Some(bot());
    for who in [user("eve", &[]), bot(), olga()] {
        assert!(set("").authorize(&who, Action::RequestRead, ResourceFacts::Request(&asked)).allowed, "{who:?}");
    }
    assert!(!set("").authorize(&user("mallory", &[]), Action::RequestRead, ResourceFacts::Request(&asked)).allowed);
}

#[test]
fn a_refusal_names_the_verb_or_the_policy_that_forbids() {
    let no = set("").authorize(&olga(), Action::AuditRead, ResourceFacts::Installation);
    assert!(no.policies.is_empty());
    assert!(no.reason.as_ref().is_some_and(|r| r.contains("user olga") && r.contains("audit.read")), "{no:?}");

    let strict =
        set(r#"@id("freeze") @reason("no changes this week") forbid (principal, action == Action::"target.configure", resource);"#);
    let no = strict.authorize(&user("root", &["operators"]), Action::TargetConfigure, ResourceFacts::Target(&target("shop-prod")));
    assert_eq!((no.allowed, no.policies), (false, vec!["freeze".to_owned()]));
    assert_eq!(no.reason.unwrap(), "the policy \"freeze\" forbids it: no changes this week");
}

#[test]
fn a_permit_of_ones_own_adds_to_the_built_in_set() {
    let set = set(
        r#"@id("auditors") permit (principal in Group::"data-team", action in [Action::"audit.read", Action::"metrics.read"], resource);"#,
    );
    let yes = set.authorize(&olga(), Action::AuditRead, ResourceFacts::Installation);
    assert_eq!((yes.allowed, yes.policies), (true, vec!["auditors".to_owned()]));
    assert!(!set.authorize(&user("eve", &[]), Action::AuditRead, ResourceFacts::Installation).allowed);
}

#[test]
fn no_permit_lifts_the_forbids_for_the_inactive_nor_makes_a_verb_fit_a_resource() {
    let permit = |a: &Action| {
        let route = if *a == Action::Request { r#"@route("data-team")"# } else { "" };
        format!("@id(\"all.{a}\") {route} permit (principal, action == Action::\"{a}\", resource);")
    };
    let everything = Action::ALL.iter().map(permit).collect::<Vec<_>>().join("\n");
    let set = set(&everything);
    let mut gone = human("olga", &["operators"]);
    gone.active = false;
    let [held, asked] = [grant(bot()), grant(olga())];
    let resources = [
        ResourceFacts::Installation,
        ResourceFacts::Grant(&held),
        ResourceFacts::Grant(&asked),
        ResourceFacts::Target(&held.access.target),
    ];
    for resource in resources {
        assert!(!permitted(&set, &user("eve", &[]), resource).is_empty());
        for who in [PrincipalFacts::User(gone.clone()), agent("triage-bot", gone.clone()), workload("ci", gone.clone()), inactive(bot())] {
            assert_eq!(permitted(&set, &who, resource), words(""), "{who:?} on {resource:?}");
        }
    }
    let misfit = set.authorize(&user("eve", &[]), Action::GrantRevoke, ResourceFacts::Installation);
    assert!(!misfit.allowed, "{misfit:?}");
    for action in [Action::Request, Action::AutoApprove, Action::Approve] {
        let asked = request(bot(), schema_read("shop-prod"), &["dba"]);
        assert!(!set.authorize(&user("dan", &["dba"]), action, ResourceFacts::Request(&asked)).allowed, "{action}");
    }
}

#[test]
fn a_verdict_takes_a_human_of_the_stages_group_who_has_no_part_in_the_request() {
    let everyone = r#"@id("everyone") permit (principal, action == Action::"approve", resource);"#;
    let mut for_another = request(user("eve", &["dba"]), admin("shop-prod"), &["dba"]);
    for_another.beneficiary = Some(agent("nora-bot", human("nora", &["dba"])));
    let asked_by_bot = request(bot(), schema_read("shop-prod"), &["data-team", "dba"]);
    let asked_by_human = request(olga(), schema_read("shop-prod"), &["data-team"]);
    let mut left = human("dan", &["data-team"]);
    left.active = false;
    let no_self = "builtin.no-self-approval";
    let table = [
        (user("dan", &["data-team"]), &asked_by_bot, "data-team", Ok(())),
        (olga(), &asked_by_bot, "data-team", Err(no_self)),
        (olga(), &asked_by_human, "data-team", Err(no_self)),
        (user("eve", &["dba"]), &for_another, "dba", Err(no_self)),
        (user("nora", &["dba"]), &for_another, "dba", Err(no_self)),
        (user("dan", &["dba"]), &for_another, "dba", Ok(())),
        (user("dan", &["dba"]), &asked_by_bot, "data-team", Err("is not a member of data-team")),
        (user("root", &["operators"]), &asked_by_bot, "data-team", Err("is not a member of data-team")),
        (agent("other-bot", human("dan", &["data-team"])), &asked_by_bot, "data-team", Err("only humans")),
        (bot(), &asked_by_bot, "data-team", Err("only humans")),
        (PrincipalFacts::User(left), &asked_by_bot, "data-team", Err("builtin.inactive")),
    ];
    for set in [set(""), set(everyone)] {
        for (who, request, group, expected) in &table {
            let verdict = set.may_approve(who, request, &names(&[group]));
            match expected {
                Ok(()) => assert!(verdict.allowed, "{who:?}: {verdict:?}"),
                Err(why) => {
                    assert!(!verdict.allowed, "{who:?}");
                    assert!(verdict.reason.as_ref().is_some_and(|r| r.contains(why)), "{verdict:?}");
                }
            }
        }
    }
    let yes = set("").may_approve(&user("dan", &["data-team"]), &asked_by_bot, &names(&["data-team"]));
    assert_eq!(yes.policies, ["builtin.approve-in-stage-group"]);
    assert!(set("").may_approve(&user("dan", &["dba"]), &asked_by_bot, &names(&["data-team", "dba"])).allowed, "escalated");
}

#[test]
fn operators_can_narrow_who_approves_by_any_fact_of_the_request() {
    let set = set(r#"
        @id("prod-by-data-team") forbid (principal, action == Action::"approve", resource)
        when { resource.access.environment == "prod" && !(principal in Group::"data-team") };
        @id("not-for-each-other") forbid (principal in Group::"developers", action == Action::"approve", resource in Group::"developers");
    "#);
    let prod = request(user("eve", &["developers"]), admin("shop-prod"), &["dba"]);
    let staging = request(user("eve", &["developers"]), admin("shop-staging"), &["dba"]);
    let dba = names(&["dba"]);
    assert_eq!(set.may_approve(&user("dan", &["dba"]), &prod, &dba).policies, ["prod-by-data-team"]);
    assert!(set.may_approve(&user("dan", &["dba", "data-team"]), &prod, &dba).allowed);
    assert!(set.may_approve(&user("dan", &["dba"]), &staging, &dba).allowed);
    assert_eq!(set.may_approve(&user("dora", &["dba", "developers"]), &staging, &dba).policies, ["not-for-each-other"]);
}

#[test]
fn a_forbid_that_cannot_be_evaluated_refuses_verbs_and_verdicts() {
    let set = set(r#"
        @id("sum") forbid (principal, action in [Action::"approve", Action::"audit.read"], resource)
        when { 9223372036854775807 + (if principal.active then 1 else 0) < 0 };
    "#);
    let asked = request(bot(), schema_read("shop-prod"), &["data-team"]);
    let verdicts = [
        set.authorize(&user("root", &["operators"]), Action::AuditRead, ResourceFacts::Installation),
        set.may_approve(&user("dan", &["data-team"]), &asked, &names(&["data-team"])),
    ];
    for verdict in verdicts {
        assert_eq!((verdict.allowed, verdict.policies.as_slice()), (false, ["sum".to_owned()].as_slice()));
        assert!(verdict.reason.is_some_and(|r| r.contains("could not be evaluated")));
    }
}
