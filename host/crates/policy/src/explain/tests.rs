//! What `explain` must do.

use super::*;
use crate::fixture::*;

#[test]
fn an_explanation_names_each_policy_what_it_asks_and_what_comes_of_all() {
    let set = sample();
    let asked = query(user("dora", &["developers"]), admin("shop-prod"), 20);
    let explanation = set.explain(&asked);
    assert_eq!(explanation.decision, set.decide(&asked));
    let of = |id: &str| explanation.policies.iter().find(|p| p.id == id).unwrap();
    let prod = of("developers-admin-prod");
    assert_eq!((&prod.matched, prod.asks.max_ms, prod.asks.route.as_deref()), (&Matched::Yes, Some(1_800_000), Some("two-dbas")));
    for other in ["agents-read-schemas", "no-agent-on-salaries", "developers-read-elsewhere-at-once", "builtin.inactive"] {
        assert_eq!(of(other).matched, Matched::No, "{other}");
    }
    assert!(explanation.policies.iter().all(|p| p.id != "builtin.operators"), "no say in an asking");

    let text = explanation.to_string();
    for line in [
        "allowed, once approved:",
        "  1. 2 of dba, ended by 1 denial; after 1h: deny",
        "  at most 30m",
        "  with a justification",
        &format!(
            "applies: permit of request \"developers-admin-prod\" (main.cedar:{}), route two-dbas, at most 30m, justification required",
            prod.line
        ),
        &format!("revision {}", set.revision()),
    ] {
        assert!(text.lines().any(|l| l == line), "{line:?} is not a line of\n{text}");
    }
    let json = serde_json::to_value(&explanation).unwrap();
    assert_eq!(json["decision"]["outcome"], "allowed");
    assert_eq!(json["decision"]["policies"][0]["route"], "two-dbas");
    assert_eq!(json["policies"][0]["action"], "request");
}

#[test]
fn a_permit_that_would_apply_is_shown_beside_the_forbid_that_holds() {
    let bot = agent("triage-bot", human("olga", &["developers"]));
    let explanation = sample().explain(&query(bot, access("shop-prod", "schema.read", "database:shop/schema:salaries"), 10));
    let applies: Vec<(&str, Effect)> =
        explanation.policies.iter().filter(|p| p.matched == Matched::Yes).map(|p| (p.id.as_str(), p.effect)).collect();
    assert_eq!(applies, [("agents-read-schemas", Effect::Permit), ("no-agent-on-salaries", Effect::Forbid)]);
    assert!(
        explanation.to_string().starts_with("denied: the policy \"no-agent-on-salaries\" forbids it: salaries are read by people only")
    );
}

#[test]
fn a_policy_that_fails_is_shown_as_failed() {
    let set = set(r#"
        @id("ask") @route("data-team") permit (principal, action == Action::"request", resource);
        @id("sum") forbid (principal, action == Action::"request", resource) when { context.duration_ms + 9223372036854775807 < 0 };
    "#);
    let explanation = set.explain(&query(user("dora", &[]), schema_read("shop-prod"), 1));
    let sum = explanation.policies.iter().find(|p| p.id == "sum").unwrap();
    assert!(matches!(&sum.matched, Matched::Failed(why) if why.contains("overflow")), "{sum:?}");
    assert!(explanation.to_string().contains("could not be evaluated"));
}
