//! Nobody gets past a missing or a false token, and a token alone opens nothing.

use axum::http::StatusCode;
use hallpass_tests::on_both_backends;
use serde_json::json;

use super::endpoints::committed;
use crate::routes::service::{Answer, Call, Service};

/// The path of an endpoint with something in every place: ids that are well formed and belong to nothing.
fn path(template: &str) -> String {
    let noun = template.split('/').nth(2).unwrap_or_default();
    let id = match noun {
        "principals" => "pr_01j00000000000000000000000".to_owned(),
        "targets" => "tg_01j00000000000000000000000".to_owned(),
        "requests" => "rq_01j00000000000000000000000".to_owned(),
        "grants" => "gr_01j00000000000000000000000".to_owned(),
        _ => "nothing".to_owned(),
    };
    template
        .replace("{id}", &id)
        .replace("{principal}", "pr_01j00000000000000000000000")
        .replace("{digest}", &format!("sha256:{}", "0".repeat(64)))
        .replace("{name}", "nobody")
}

fn guarded() -> Vec<(String, String, String)> {
    let all = committed().into_iter().filter(|(_, action)| action != "public");
    all.map(|((method, template), action)| (method, path(&template), action)).collect()
}

fn assert_refused(answer: &Answer, what: &str, challenge: &str) {
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{what}: {}", answer.text());
    assert_eq!(answer.header("content-type"), "application/problem+json", "{what}");
    assert_eq!(answer.header("www-authenticate"), challenge, "{what}");
    assert_eq!(answer.json()["type"], "urn:hallpass:problem:unauthenticated", "{what}");
}

on_both_backends! {
    async fn a_call_without_a_token_is_refused_everywhere(bed: Bed) {
        let service = Service::new(bed).await;
        let guarded = guarded();
        assert!(guarded.len() > 35, "only {} endpoints want a token", guarded.len());
        for (method, path, _) in guarded {
            let answer = service.call(&method, &path).send().await;
            assert_refused(&answer, &format!("{method} {path}"), "Bearer realm=\"hallpass\"");
        }
    }

    async fn a_call_with_a_false_token_is_refused_everywhere(bed: Bed) {
        let service = Service::new(bed).await;
        for (method, path, _) in guarded() {
            for token in ["hps_0000000000000000000000000000000000000000000", "garbage"] {
                let answer = service.call(&method, &path).token(token).send().await;
                assert_refused(&answer, &format!("{method} {path}"), "Bearer realm=\"hallpass\", error=\"invalid_token\"");
            }
        }
    }

    async fn a_token_is_looked_at_before_anything_else_that_was_sent(bed: Bed) {
        let service = Service::new(bed).await;
        let answer = service.call("POST", "/v1/requests").body("application/json", "{not json").send().await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        let answer = service.call("GET", "/v1/grants/no-id?unknown=1").send().await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }

    async fn a_principal_without_rights_changes_nothing_and_sees_nothing_of_others(bed: Bed) {
        let service = Service::new(bed).await;
        let token = service.stranger().await;
        let grant = service.app.bot_reads(60_000).await;
        let request = service.app.grant(&grant).await.grant.request;
        let (target, principal) = (&service.app.target, service.app.id("bob"));
        let mut tried = 0;
        for ((method, template), action) in committed() {
            // Anybody may ask, see what can be asked for, and see themselves.
            let for_anybody = matches!(action.as_str(), "public" | "request" | "entitlement.read") || template == "/v1/principals/me";
            if for_anybody {
                continue;
            }
            let id = match template.split('/').nth(2).unwrap_or_default() {
                "principals" => principal.to_string(),
                "targets" => target.to_string(),
                "requests" => request.to_string(),
                _ => grant.to_string(),
            };
            let path = template
                .replace("{id}", &id)
                .replace("{principal}", principal.as_str())
                .replace("{digest}", &format!("sha256:{}", "0".repeat(64)))
                .replace("{name}", "data-team");
            let call = service.call(&method, &path).token(&token);
            let call = if method == "GET" { call } else { fitting(call, &method, &template) };
            let answer = call.send().await;
            let refused = matches!(answer.status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND);
            let lists = method == "GET" && !template.contains('{') && answer.status == StatusCode::OK;
            let nothing = lists && answer.json()["items"].as_array().is_some_and(|items| items.iter().all(|item| item["name"] == "stranger"));
            assert!(refused || nothing, "{method} {template} as somebody without rights: {} {}", answer.status, answer.text());
            tried += 1;
        }
        assert!(tried > 30, "only {tried} endpoints were tried");
    }
}

/// With a body that fits the endpoint, so that rights are what it is refused for.
fn fitting<'a>(call: Call<'a>, method: &str, template: &str) -> Call<'a> {
    match (method, template) {
        ("POST", "/v1/principals") => call.json(&json!({"kind": "user", "name": "mallory"})),
        ("POST", "/v1/targets") => call.json(&json!({"name": "mine", "environment": "production", "connector": "scripted"})),
        ("POST", "/v1/connectors") => call.body("application/wasm", "scripted"),
        ("POST", "/v1/connectors/{digest}/accept") => call.json(&json!({"permissions": format!("sha256:{}", "0".repeat(64))})),
        ("POST", "/v1/connectors/{digest}/test") => call.json(&json!({"target": "shop-prod"})),
        ("POST", "/v1/connectors/rollback") => call.json(&json!({"name": "scripted"})),
        ("POST", "/v1/connectors/{digest}/ban") => call.json(&json!({"reason": "malicious"})),
        ("PUT", "/v1/groups/{name}") => call.json(&json!({"members": ["dave"]})),
        ("PUT", "/v1/targets/{id}/accounts/{principal}") => call.json(&json!({"account": "dave2"})),
        ("POST", "/v1/requests/{id}/approvals") => call.json(&json!({"verdict": "approve"})),
        _ => call.json(&json!({})),
    }
}
