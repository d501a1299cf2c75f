//! What `decide` must do.

use hallpass_domain::request::OnTimeout;

use super::*;
use crate::facts::PrincipalFacts;
use crate::fixture::*;

fn allowed(decision: Decision) -> Allowed {
    match decision {
        Decision::Allowed(allowed) => allowed,
        Decision::Denied(denied) => panic!("{denied:?}"),
    }
}

fn denied(decision: Decision) -> Denied {
    match decision {
        Decision::Denied(denied) => denied,
        Decision::Allowed(allowed) => panic!("{allowed:?}"),
    }
}

fn stages(allowed: &Allowed) -> Vec<(&str, u32)> {
    allowed.stages.iter().map(|s| (s.group.as_str(), s.n)).collect()
}

fn ids(allowed: &Allowed) -> Vec<&str> {
    allowed.policies.iter().map(|p| p.id.as_str()).collect()
}

fn triage_bot() -> PrincipalFacts {
    agent("triage-bot", human("olga", &["developers"]))
}

#[test]
fn an_agent_that_asks_to_read_a_schema_needs_one_of_the_data_team() {
    let set = sample();
    let yes = allowed(set.decide(&query(triage_bot(), schema_read("shop-prod"), 10)));
    assert!(!yes.auto && !yes.justification_required);
    assert_eq!(stages(&yes), [("data-team", 1)]);
    assert_eq!((yes.stages[0].timeout_ms, yes.stages[0].on_timeout), (Some(3_600_000), OnTimeout::Escalate));
    assert_eq!(yes.stages[0].escalate_to, Some(name("dba")));
    assert_eq!(yes.max_ms, Some(3_600_000));
    assert_eq!(ids(&yes), ["agents-read-schemas"]);
    assert_eq!(yes.revision, set.revision());
    assert_eq!(yes.admit(600_000, None), Ok(()));
}

#[test]
fn an_administrator_of_production_needs_two_approvers_a_justification_and_at_most_half_an_hour() {
    let yes = allowed(sample().decide(&query(user("dora", &["developers"]), admin("shop-prod"), 60)));
    assert_eq!(stages(&yes), [("dba", 2)]);
    assert_eq!((yes.max_ms, yes.justification_required), (Some(1_800_000), true));
    let too_long = yes.admit(3_600_000, Some("deploy")).unwrap_err();
    assert_eq!(too_long.to_string(), "the policy \"developers-admin-prod\" allows at most 30m, and 1h was asked for; ask for 30m or less");
    for blank in [None, Some(""), Some(" \n")] {
        assert_eq!(yes.admit(1_800_000, blank), Err(Unmet::NoJustification { policy: "developers-admin-prod".to_owned() }), "{blank:?}");
    }
    assert_eq!(yes.admit(1_800_000, Some("deploy")), Ok(()));
}

#[test]
fn what_no_permit_names_is_denied_with_the_asking_in_words() {
    let cases = [
        (triage_bot(), schema_read("wiki-prod")),
        (triage_bot(), admin("shop-prod")),
        (agent("bot", human("mallory", &[])), schema_read("shop-prod")),
        (workload("pipeline", human("olga", &["developers"])), schema_read("shop-prod")),
        (user("olga", &["dba"]), admin("shop-prod")),
        (user("olga", &["operators"]), admin("shop-prod")),
        (user("olga", &["developers"]), access("shop-prod", "schema.write", "database:shop/schema:sales")),
    ];
    let set = sample();
    for (who, what) in cases {
        let no = denied(set.decide(&query(who.clone(), what.clone(), 10)));
        assert_eq!(no.policies, Vec::<String>::new());
        for part in [who.name().as_str(), &what.entitlement, what.target.name.as_str(), "operator"] {
            assert!(no.reason.contains(part), "{part} is not in {}", no.reason);
        }
    }
}

#[test]
fn a_forbid_holds_for_all_that_lies_in_its_resource_and_says_why() {
    for resource in ["database:shop/schema:salaries", "database:shop/schema:salaries/table:bonus"] {
        let no = denied(sample().decide(&query(triage_bot(), access("shop-prod", "schema.read", resource), 10)));
        assert_eq!(no.policies, ["no-agent-on-salaries"]);
        assert!(no.reason.contains("salaries are read by people only"), "{}", no.reason);
    }
}

#[test]
fn a_permit_of_auto_approve_waives_the_stages_and_keeps_the_limits() {
    let yes = allowed(sample().decide(&query(user("dora", &["developers"]), schema_read("shop-staging"), 10)));
    assert!(yes.auto && yes.stages.is_empty());
    assert_eq!(yes.max_ms, Some(28_800_000));
    assert_eq!(ids(&yes), ["developers-read-elsewhere", "developers-read-elsewhere-at-once"]);

    let set = set(r#"
        @id("ask") @route("two-dbas") @max("1h") @justification("required")
        permit (principal, action == Action::"request", resource);
        @id("short") @max("5m")
        permit (principal, action == Action::"auto_approve", resource) when { context.duration_ms <= 600000 };
    "#);
    let short = allowed(set.decide(&query(triage_bot(), schema_read("shop-prod"), 10)));
    assert!(short.auto && short.stages.is_empty() && short.justification_required);
    assert_eq!(short.max_ms, Some(300_000), "the shortest of both");
    let long = allowed(set.decide(&query(triage_bot(), schema_read("shop-prod"), 11)));
    assert!(!long.auto);
    assert_eq!((stages(&long), long.max_ms), (vec![("dba", 2)], Some(3_600_000)));
}

#[test]
fn auto_approve_alone_permits_nothing_and_a_forbid_of_it_brings_the_stages_back() {
    let auto = r#"@id("auto") permit (principal, action == Action::"auto_approve", resource);"#;
    denied(set(auto).decide(&query(triage_bot(), schema_read("shop-prod"), 10)));
    let set = set(&format!(
        r#"{auto}
        @id("ask") @route("data-team") permit (principal, action == Action::"request", resource);
        @id("never-agents") forbid (principal is Agent, action == Action::"auto_approve", resource);"#
    ));
    assert_eq!(stages(&allowed(set.decide(&query(triage_bot(), schema_read("shop-prod"), 10)))), [("data-team", 1)]);
    assert!(allowed(set.decide(&query(user("dora", &[]), schema_read("shop-prod"), 10))).auto);
}

#[test]
fn of_several_permits_all_routes_the_shortest_time_and_any_justification_hold() {
    let set = set(r#"
        @id("b-team") @route("team-then-dba") @max("2h")
        permit (principal, action == Action::"request", resource);
        @id("a-dbas") @route("two-dbas") @justification("required")
        permit (principal, action == Action::"request", resource);
        @id("c-plain") @route("data-team") @max("45m")
        permit (principal, action == Action::"request", resource);
        @id("d-other") @route("data-team") @max("1m")
        permit (principal is Workload, action == Action::"request", resource);
    "#);
    let yes = allowed(set.decide(&query(triage_bot(), schema_read("shop-prod"), 10)));
    assert_eq!(stages(&yes), [("dba", 2), ("data-team", 2)], "by policy id; a group once, with its larger number");
    assert_eq!((yes.max_ms, yes.justification_required), (Some(2_700_000), true));
    assert_eq!(ids(&yes), ["a-dbas", "b-team", "c-plain"]);
    assert!(matches!(yes.admit(2_700_001, Some("x")), Err(Unmet::TooLong { policy, .. }) if policy == "c-plain"));
}

#[test]
fn a_permit_without_route_never_erases_the_route_of_another_and_never_leads_past_approvers() {
    let set = set(r#"
        @id("routed") @route("two-dbas") permit (principal is Agent, action == Action::"request", resource);
        @id("plain") permit (principal, action == Action::"request", resource);
        @id("auto") permit (principal is Workload, action == Action::"auto_approve", resource);
    "#);
    assert_eq!(stages(&allowed(set.decide(&query(triage_bot(), schema_read("shop-prod"), 10)))), [("dba", 2)]);
    assert!(allowed(set.decide(&query(workload("ci", human("olga", &[])), schema_read("shop-prod"), 10))).auto);
    let no = denied(set.decide(&query(user("dora", &[]), schema_read("shop-prod"), 10)));
    assert_eq!(no.policies, ["plain"]);
    assert!(no.reason.contains("@route"), "{}", no.reason);
}

#[test]
fn nobody_who_is_inactive_or_whose_owner_is_asks_for_anything_whatever_is_permitted() {
    let set = set(r#"
        @id("all") @route("data-team") permit (principal, action == Action::"request", resource);
        @id("all-auto") permit (principal, action == Action::"auto_approve", resource);
    "#);
    let mut gone = human("olga", &["developers"]);
    gone.active = false;
    let cases = [
        (user("dora", &[]), None),
        (inactive(user("dora", &[])), Some("builtin.inactive")),
        (inactive(triage_bot()), Some("builtin.inactive")),
        (inactive(workload("ci", human("olga", &[]))), Some("builtin.inactive")),
        (agent("triage-bot", gone.clone()), Some("builtin.owner-inactive-agent")),
        (workload("ci", gone), Some("builtin.owner-inactive-workload")),
    ];
    for (who, forbidden) in cases {
        match (set.decide(&query(who.clone(), schema_read("shop-prod"), 10)), forbidden) {
            (Decision::Allowed(_), None) => {}
            (Decision::Denied(no), Some(id)) => assert_eq!(no.policies, [id]),
            (decision, _) => panic!("{who:?}: {decision:?}"),
        }
    }
}

#[test]
fn a_policy_that_cannot_be_evaluated_denies_whatever_the_others_say() {
    let ask = r#"@id("ask") @route("data-team") permit (principal, action == Action::"request", resource);"#;
    let failing = [
        r#"@id("sum") forbid (principal, action == Action::"request", resource) when { context.duration_ms + 9223372036854775807 < 0 };"#,
        r#"@id("sum") @route("data-team")
           permit (principal, action == Action::"request", resource) when { context.duration_ms + 9223372036854775807 < 0 };"#,
        r#"@id("sum") permit (principal, action == Action::"auto_approve", resource) when { context.duration_ms + 9223372036854775807 < 0 };"#,
    ];
    for policy in failing {
        let no = denied(set(&format!("{ask}\n{policy}")).decide(&query(triage_bot(), schema_read("shop-prod"), 10)));
        assert_eq!(no.policies, ["sum"], "{policy}");
        assert!(no.reason.contains("\"sum\" could not be evaluated") && no.reason.contains("overflow"), "{}", no.reason);
    }
}

#[test]
fn policies_can_ask_about_every_fact_of_an_access() {
    let when = [
        r#"resource.target == Target::"shop-prod""#,
        r#"resource.environment == "prod" && resource.target.environment == "prod""#,
        r#"resource.connector == "postgres""#,
        r#"resource.entitlement == "schema.read""#,
        r#"resource.resource == "database:shop/schema:sales""#,
        r#"resource.kind == "database/schema""#,
        r#"resource.mode == "provisioning""#,
        r#"resource in Target::"shop-prod""#,
        r#"resource in Resource::"shop-prod/database:shop""#,
        r#"resource in Resource::"shop-prod/database:shop/schema:sales""#,
        "context.duration_ms == 600000",
        r#"principal.name == "triage-bot" && principal.owner.name == "olga""#,
    ];
    for condition in when {
        let policy = |c: &str| {
            format!(r#"@id("p") @route("data-team") permit (principal is Agent, action == Action::"request", resource) when {{ {c} }};"#)
        };
        let asked = query(triage_bot(), schema_read("shop-prod"), 10);
        allowed(set(&policy(condition)).decide(&asked));
        denied(set(&policy(&format!("!({condition})"))).decide(&asked));
    }
}

#[test]
fn an_agent_never_inherits_the_groups_of_its_owner() {
    let set = set(r#"@id("p") @route("data-team") permit (principal in Group::"developers", action == Action::"request", resource);"#);
    denied(set.decide(&query(triage_bot(), schema_read("shop-prod"), 10)));
    allowed(set.decide(&query(user("olga", &["developers"]), schema_read("shop-prod"), 10)));
}

#[test]
fn a_policy_tells_parameters_apart() {
    let set = set(r#"
@id("read") @route("data-team") permit (principal, action == Action::"request", resource)
when { context.parameters.hasTag("level") && context.parameters.getTag("level") == "read" };
@id("write") @route("two-dbas") permit (principal, action == Action::"request", resource)
when { context.parameters.hasTag("level") && context.parameters.getTag("level") == "write" };
@id("never") forbid (principal, action == Action::"request", resource)
when { context.parameters.hasTag("team") && context.parameters.getTag("team") like "payroll*" };"#);
    let with = |pairs: &[(&str, &str)]| {
        let mut access = schema_read("shop-prod");
        access.parameters = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        set.decide(&query(triage_bot(), access, 10))
    };
    assert_eq!(stages(&allowed(with(&[("level", "read")]))), [("data-team", 1)]);
    assert_eq!(stages(&allowed(with(&[("level", "write"), ("team", "a")]))), [("dba", 2)]);
    assert_eq!(denied(with(&[("level", "read"), ("team", "payroll-eu")])).policies, ["never"]);
    for other in [&[("level", "admin")][..], &[("lvl", "read")], &[]] {
        assert!(denied(with(other)).policies.is_empty(), "{other:?}");
    }
}
