//! One access from asking to its end, as clients see it.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hallpass_tests::app::SCHEMA;
use hallpass_tests::on_both_backends;
use serde_json::{Value, json};

use super::service::Service;

async fn post(service: &Service, token: &str, path: &str, body: Value) -> (StatusCode, Value) {
    let answer = service.call("POST", path).token(token).json(&body).send().await;
    (answer.status, answer.json())
}

on_both_backends! {
    async fn an_access_is_asked_for_approved_used_and_given_back(bed: Bed) {
        let service = Service::new(bed).await;
        let (bot, bob, alice) = (service.sign_in("bot").await, service.sign_in("bob").await, service.sign_in("alice").await);
        let asking = json!({ "target": "shop-prod", "entitlement": "schema.read", "resource": SCHEMA, "duration_ms": 600_000 });

        let (status, explained) = post(&service, &bot, "/v1/requests/explain", asking.clone()).await;
        assert_eq!((status, explained["allowed"].as_bool(), explained["stages"][0]["group"].as_str()), (StatusCode::OK, Some(true), Some("data-team")));

        let (status, request) = post(&service, &bot, "/v1/requests", asking).await;
        assert_eq!((status, request["state"].as_str(), request["stage"].as_u64()), (StatusCode::CREATED, Some("pending"), Some(0)), "{request}");
        assert!(request["created"].as_str().unwrap().ends_with('Z'));
        let id = request["id"].as_str().unwrap();
        let verdicts = format!("/v1/requests/{id}/approvals");

        let inbox = |token: String| { let service = &service; async move { service.call("GET", "/v1/approvals").token(&token).send().await.json() } };
        assert_eq!(inbox(bob.clone()).await["items"][0]["id"], id);
        assert_eq!(inbox(alice.clone()).await["items"], json!([]), "the owner of the agent may not decide");

        let (status, problem) = post(&service, &alice, &verdicts, json!({"verdict": "approve"})).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{problem}");
        let (status, request) = post(&service, &bob, &verdicts, json!({"verdict": "approve", "narrowed_ms": 300_000})).await;
        assert_eq!((status, request["state"].as_str(), request["approved_ms"].as_u64()), (StatusCode::OK, Some("approved"), Some(300_000)), "{request}");
        let (status, problem) = post(&service, &bob, &verdicts, json!({"verdict": "deny"})).await;
        assert_eq!((status, problem["type"].as_str()), (StatusCode::CONFLICT, Some("urn:hallpass:problem:conflict")), "ended is final");

        let grant = format!("/v1/grants/{}", request["grant"].as_str().unwrap());
        service.app.settle().await;
        let shown = service.call("GET", &grant).token(&bot).send().await.json();
        assert_eq!((shown["state"].as_str(), shown["credential"].as_str(), shown["seen_by"].as_str()), (Some("active"), Some("waiting"), Some("host")), "{shown}");

        let (status, pass) = post(&service, &bot, &format!("{grant}/pass"), json!({})).await;
        assert_eq!(status, StatusCode::OK, "{pass}");
        assert!(!pass["pass"].as_str().unwrap().is_empty() && !pass["revocation_ids"].as_array().unwrap().is_empty());

        let (status, credential) = post(&service, &bot, &format!("{grant}/credential"), json!({})).await;
        assert_eq!((status, credential["sealed_for"].as_str(), credential.get("clear")), (StatusCode::OK, Some("recipient"), None), "{credential}");
        let sealed = STANDARD.decode(credential["sealed"].as_str().unwrap()).unwrap();
        let opened = service.app.actor("bot").keys.open(shown["id"].as_str().unwrap(), &sealed).unwrap();
        let opened: Value = serde_json::from_slice(opened.expose()).unwrap();
        assert_eq!(opened["label"], "password");
        let (status, problem) = post(&service, &bot, &format!("{grant}/credential"), json!({})).await;
        assert_eq!((status, problem["type"].as_str()), (StatusCode::GONE, Some("urn:hallpass:problem:gone")), "it can be had once");

        let (status, ending) = post(&service, &bot, &format!("{grant}/release"), json!({})).await;
        assert_eq!((status, ending["state"].as_str(), ending["end_reason"].as_str()), (StatusCode::OK, Some("ending"), Some("released")), "{ending}");
        service.app.settle().await;
        let ended = service.call("GET", &grant).token(&bot).send().await.json();
        assert_eq!(ended["state"], "revoked", "{ended}");

        let admin = service.sign_in("admin").await;
        let events = format!("/v1/audit/events?grant={}", ended["id"].as_str().unwrap());
        let events = service.call("GET", &events).token(&admin).send().await.json();
        let kinds: Vec<&str> = events["items"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap()).collect();
        for kind in ["grant.created", "grant.activated", "credential.picked-up", "credential.refused", "pass.minted", "grant.ended"] {
            assert!(kinds.contains(&kind), "{kind} is not among {kinds:?}");
        }
    }

    async fn what_is_asked_for_with_parameters_is_shown_and_kept_with_them(bed: Bed) {
        let service = Service::new(bed).await;
        let (bot, bob, admin) = (service.sign_in("bot").await, service.sign_in("bob").await, service.sign_in("admin").await);
        let file = "scripted 1.1.0 takes=level:read|write,team";
        let loaded = service.call("POST", "/v1/connectors").token(&admin).body("application/wasm", file).send().await.json();
        let upgrade = format!("/v1/connectors/{}/upgrade", loaded["digest"].as_str().unwrap());
        assert_eq!(post(&service, &admin, &upgrade, json!({})).await.0, StatusCode::OK);
        let offers = service.call("GET", "/v1/entitlements").token(&bot).send().await.json();
        let takes = json!([{"name": "level", "title": "level", "values": ["read", "write"]}, {"name": "team", "title": "team"}]);
        assert_eq!(offers["items"][0]["entitlement"]["parameters"], takes, "{offers}");

        let mut asking = json!({ "target": "shop-prod", "entitlement": "schema.read", "resource": SCHEMA, "duration_ms": 600_000 });
        let (status, problem) = post(&service, &bot, "/v1/requests", asking.clone()).await;
        assert_eq!((status.as_u16(), problem["field"].as_str()), (422, Some("parameters")), "{problem}");
        assert_eq!(problem["detail"], "parameters: schema.read needs the parameter level (level)");
        assert_eq!(problem["remedy"], "Give level one of read, write.");
        let parameters = json!({"level": "read", "team": "x, level=write"});
        asking["parameters"] = parameters.clone();
        let (status, request) = post(&service, &bot, "/v1/requests", asking).await;
        assert_eq!((status, &request["parameters"]), (StatusCode::CREATED, &parameters), "{request}");
        let inbox = service.call("GET", "/v1/approvals").token(&bob).send().await.json();
        assert_eq!(inbox["items"][0]["parameters"], parameters, "{inbox}");
        let verdicts = format!("/v1/requests/{}/approvals", request["id"].as_str().unwrap());
        let (_, request) = post(&service, &bob, &verdicts, json!({"verdict": "approve"})).await;
        assert_eq!(request["parameters"], parameters, "{request}");
        service.app.settle().await;
        let path = format!("/v1/grants/{}", request["grant"].as_str().unwrap());
        let grant = service.call("GET", &path).token(&bot).send().await.json();
        assert_eq!((grant["state"].as_str(), &grant["parameters"]), (Some("active"), &parameters), "{grant}");
        let (_, pass) = post(&service, &bot, &format!("{path}/pass"), json!({})).await;
        let says = hallpass_verify::inspect(pass["pass"].as_str().unwrap()).unwrap().to_string();
        assert!(says.contains(r#""schema.read[level=read, team="x, level=write"]""#), "a pass is for these alone: {says}");
    }

    async fn a_list_comes_in_parts(bed: Bed) {
        let service = Service::new(bed).await;
        let admin = service.sign_in("admin").await;
        let (mut names, mut path) = (Vec::new(), "/v1/principals?limit=3".to_owned());
        loop {
            let part = service.call("GET", &path).token(&admin).send().await.json();
            let items = part["items"].as_array().unwrap();
            assert!(items.len() <= 3);
            names.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
            let Some(next) = part["next"].as_str() else { break };
            path = format!("/v1/principals?limit=3&after={next}");
        }
        names.sort_unstable();
        assert_eq!(names, ["admin", "alice", "bob", "bot", "carol", "dan", "dave"]);
    }

    async fn a_target_that_is_down_is_named_and_is_no_fault_of_the_broker(bed: Bed) {
        let service = Service::new(bed).await;
        let admin = service.sign_in("admin").await;
        let check = format!("/v1/targets/{}/check", service.app.target);
        assert_eq!(post(&service, &admin, &check, json!({})).await.0, StatusCode::OK);
        service.app.scripted.set_down(true);
        let (status, problem) = post(&service, &admin, &check, json!({})).await;
        assert_eq!((status, problem["type"].as_str()), (StatusCode::FAILED_DEPENDENCY, Some("urn:hallpass:problem:target-failed")), "{problem}");
        assert!(problem["failure"].is_string() && problem["remedy"].is_string(), "{problem}");
    }

    async fn a_target_never_shows_its_secrets(bed: Bed) {
        let service = Service::new(bed).await;
        let admin = service.sign_in("admin").await;
        for path in ["/v1/targets".to_owned(), format!("/v1/targets/{}", service.app.target)] {
            let answer = service.call("GET", &path).token(&admin).send().await;
            assert!(answer.text().contains("\"password\"") && !answer.text().contains("management-secret"), "{}", answer.text());
        }
    }
}
