//! The table of problems.

use std::collections::BTreeSet;

use axum::body::to_bytes;
use axum::http::header;
use axum::response::IntoResponse as _;
use hallpass_broker::BrokerError;
use hallpass_domain::port::FailureKind;
use hallpass_store::Constraint;

use super::*;

fn failure(kind: FailureKind) -> Failure {
    Failure { retry_after_ms: Some(1500), ..Failure::none(kind, "no-route", "no route to db.example") }
}

/// Every use-case error, the status and the type that a client sees, and a piece of the detail.
fn table() -> Vec<(BrokerError, u16, &'static str, &'static str)> {
    let text = |t: &str| t.to_owned();
    vec![
        (BrokerError::Unauthenticated { reason: text("expired") }, 401, "unauthenticated", "expired"),
        (BrokerError::Forbidden { reason: text("may not do grant.revoke") }, 403, "forbidden", "grant.revoke"),
        (BrokerError::NotFound { noun: "grant", id: text("gr_x") }, 404, "not-found", "grant gr_x"),
        (BrokerError::Invalid { field: "resource", reason: text("odd"), remedy: text("mend") }, 422, "invalid", "resource: odd"),
        (BrokerError::Conflict(Conflict { noun: "request", state: "denied", event: "approve" }), 409, "conflict", "denied"),
        (BrokerError::Stale, 409, "stale", "same moment"),
        (BrokerError::Duplicate { noun: "target", name: text("shop") }, 409, "duplicate", "target shop"),
        (BrokerError::Taken(Constraint::Account), 409, "taken", "belongs to another principal"),
        (BrokerError::InUse { reason: text("gr_x is active"), remedy: text("revoke it") }, 409, "in-use", "Gr_x is active."),
        (BrokerError::TooLong { asked_ms: 3_600_000, max_ms: 1_800_000, policies: vec![text("p1")] }, 422, "too-long", "the limit is 30m"),
        (BrokerError::TooMany { reason: text("100 wait"), remedy: text("wait") }, 429, "too-many", "100 wait."),
        (BrokerError::Gone { reason: text("picked up before"), remedy: text("rotate it") }, 410, "gone", "Picked up before."),
        (BrokerError::PolicyDenied { reason: text("no permit"), policies: vec![] }, 403, "policy-denied", "no permit"),
        (
            BrokerError::NotAdmitted(NotAdmitted { reason: text("no component"), remedy: text("build it") }),
            422,
            "connector-not-admitted",
            "No component.",
        ),
        (BrokerError::Target(failure(FailureKind::Unavailable)), 424, "target-failed", "No route to db.example."),
        (BrokerError::Unavailable { reason: text("SECRET"), remedy: text("SECRET") }, 503, "unavailable", "Nothing was changed"),
        (BrokerError::Full, 507, "full", "no room left"),
        (BrokerError::Internal(text("SECRET")), 500, "internal", "The broker failed"),
    ]
}

#[tokio::test]
async fn every_error_has_its_status_type_and_remedy() {
    for (error, status, slug, detail) in table() {
        let shown = format!("{error:?}");
        let response = Problem::from(error).into_response();
        assert_eq!(response.status().as_u16(), status, "{shown}");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        let bytes = to_bytes(response.into_body(), 10_000).await.unwrap();
        let body: ProblemBody = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(body.kind, format!("urn:hallpass:problem:{slug}"));
        assert_eq!(body.status, status);
        assert!(body.detail.contains(detail), "{shown}: {}", body.detail);
        assert!(!body.title.is_empty() && body.remedy.len() > 3, "{shown}");
    }
}

#[tokio::test]
async fn a_server_error_says_nothing_of_its_cause() {
    for (error, status, _, _) in table().into_iter().filter(|row| row.1 >= 500) {
        let bytes = to_bytes(Problem::from(error).into_response().into_body(), 10_000).await.unwrap();
        assert!(!String::from_utf8(bytes.to_vec()).unwrap().contains("SECRET"), "{status}");
    }
}

#[test]
fn a_401_carries_a_challenge_and_says_whether_the_token_was_at_fault() {
    let challenge = |token_given| {
        let response = Problem::Unauthenticated { token_given, reason: String::new() }.into_response();
        response.headers()[header::WWW_AUTHENTICATE].to_str().unwrap().to_owned()
    };
    assert_eq!(challenge(false), "Bearer realm=\"hallpass\"");
    assert_eq!(challenge(true), "Bearer realm=\"hallpass\", error=\"invalid_token\"");
    let forbidden = Problem::Forbidden { reason: String::new() }.into_response();
    assert!(!forbidden.headers().contains_key(header::WWW_AUTHENTICATE));
}

#[test]
fn a_target_that_asks_for_time_gets_it_in_whole_seconds() {
    let retry = |problem: Problem| problem.into_response().headers().get(header::RETRY_AFTER).map(|v| v.to_str().unwrap().to_owned());
    assert_eq!(retry(Problem::Target(failure(FailureKind::RateLimited))).as_deref(), Some("2"));
    assert_eq!(retry(Problem::Target(Failure::none(FailureKind::Forbidden, "x", "y"))), None);
    assert_eq!(retry(Problem::Unavailable).as_deref(), Some("2"));
    assert_eq!(retry(Problem::Stale), None);
}

#[test]
fn what_no_target_answered_is_not_said_to_be_its_answer() {
    let calls = "calls to postgres 1.0.0 have stopped in this target";
    let body = Problem::Target(Failure::none(FailureKind::Unsupported, "connector-quarantined", calls)).body();
    assert_eq!(body.detail, "Calls to postgres 1.0.0 have stopped in this target.");
    assert!(body.remedy.contains("hallpass target lift"), "{}", body.remedy);
}

#[test]
fn what_can_be_waited_for_is_not_said_to_be_over() {
    let body = |state| Problem::Conflict(Conflict { noun: "grant", state, event: "rotate" }).body();
    assert!(
        body("activating").detail.ends_with("not possible yet.") && body("activating").remedy.starts_with("Wait"),
        "{:?}",
        body("activating")
    );
    assert!(body("ended").detail.ends_with("not possible any more.") && body("ended").remedy.contains("ask anew"), "{:?}", body("ended"));
}

#[test]
fn a_limit_is_named_for_people_and_for_machines() {
    let body = Problem::TooLong { asked_ms: 3_600_000, max_ms: 1_800_000, policies: vec!["prod-admin".into()] }.body();
    assert_eq!((body.asked_ms, body.max_ms), (Some(3_600_000), Some(1_800_000)));
    assert_eq!(body.policies, ["prod-admin"]);
    assert!(body.remedy.contains("30m"));
}

#[test]
fn no_two_kinds_share_a_word() {
    let problems = [
        Problem::NoRoute,
        Problem::NoMethod,
        Problem::MalformedJson { line: 1, column: 1, reason: String::new() },
        Problem::WrongBody { field: None, line: 1, column: 1, reason: String::new() },
        Problem::WrongContentType { expected: "application/json" },
        Problem::TooLarge { limit: 1 },
        Problem::BrokenBody,
        Problem::WrongPath { reason: String::new() },
        Problem::WrongQuery { reason: String::new() },
        Problem::WrongHeader { name: "x", reason: String::new() },
        Problem::TimedOut,
        Problem::Busy,
    ];
    let mut slugs: Vec<&str> = problems.iter().map(|p| p.kind().slug).collect();
    slugs.extend(table().iter().map(|row| row.2));
    assert_eq!(slugs.iter().collect::<BTreeSet<_>>().len(), slugs.len());
}
