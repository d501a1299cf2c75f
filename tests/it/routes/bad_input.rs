//! Bad input: an answer that names what is wrong and what to do, the right status, and nothing half-done.

use axum::http::StatusCode;
use hallpass_tests::app::{SCHEMA, TestApp};
use hallpass_tests::on_both_backends;
use serde_json::{Value, json};

use super::service::Service;

fn asking() -> Value {
    json!({ "target": "shop-prod", "entitlement": "schema.read", "resource": SCHEMA, "duration_ms": 60_000 })
}

fn with(name: &str, value: Value) -> Value {
    let mut body = asking();
    body[name] = value;
    body
}

async fn events(app: &TestApp) -> usize {
    let admin = app.sign_in("admin").await;
    app.broker.events(&admin, hallpass_broker::EventFilter::default(), None, 1000).await.unwrap().len()
}

on_both_backends! {
    async fn a_request_that_does_not_fit_is_refused_by_name_and_leaves_nothing(bed: Bed) {
        let service = Service::new(bed).await;
        let token = service.sign_in("bot").await;
        let long = "x".repeat(10_240);
        let cases = [
            (with("duration_mss", json!(1)), 422, "wrong-body", "duration_mss"),
            (with("duration_ms", json!("1h")), 422, "wrong-body", "duration_ms"),
            (with("duration_ms", json!(-1)), 422, "wrong-body", "duration_ms"),
            (with("duration_ms", json!(0)), 422, "invalid", "duration_ms"),
            (with("duration_ms", json!(7_200_000)), 422, "too-long", "duration_ms"),
            (with("target", json!("a\"b")), 422, "wrong-body", "target"),
            (with("target", json!("a\nb")), 422, "wrong-body", "target"),
            (with("target", json!("a\0b")), 422, "wrong-body", "target"),
            (with("target", json!(long)), 422, "wrong-body", "target"),
            (with("resource", json!(long)), 422, "invalid", "resource"),
            (with("resource", json!("database:shop/schema:a\nb")), 422, "invalid", "resource"),
            (with("resource", json!("schema:sales")), 422, "invalid", "resource"),
            (with("entitlement", json!("schema.everything")), 422, "invalid", "entitlement"),
            (with("parameters", json!({"level": "read"})), 422, "invalid", "parameters"),
            (with("parameters", json!({"x".repeat(100): "read"})), 422, "invalid", "parameters"),
            (with("parameters", json!({"level": 1})), 422, "wrong-body", "parameters.level"),
            (with("parameters", json!(["level"])), 422, "wrong-body", "parameters"),
            (with("justification", json!(long)), 422, "invalid", "justification"),
            (with("justification", json!("a\0b")), 422, "invalid", "justification"),
        ];
        let before = events(&service.app).await;
        for (body, status, problem, field) in cases {
            let answer = service.call("POST", "/v1/requests").token(&token).json(&body).send().await;
            assert_eq!(answer.problem(), problem, "{body}: {}", answer.text());
            assert_eq!(answer.status.as_u16(), status, "{body}");
            assert_eq!(answer.json()["field"], field, "{body}: {}", answer.text());
            assert!(!answer.text().contains("xxxxxxxx"), "what was sent is not sent back");
        }
        let listed = service.call("GET", "/v1/requests").token(&token).send().await;
        assert_eq!(listed.json()["items"], json!([]));
        // Signing in to look is an event itself; a refusal by policy is one too.
        let refused_by_policy = 1;
        assert!(events(&service.app).await <= before + 1 + refused_by_policy);
    }

    async fn a_parameter_that_stands_twice_is_refused(bed: Bed) {
        let service = Service::new(bed).await;
        let token = service.sign_in("bot").await;
        let twice = with("parameters", json!({"level": "read"})).to_string().replace(r#""level":"#, r#""level":"write","level":"#);
        let answer = service.call("POST", "/v1/requests").token(&token).body("application/json", twice).send().await;
        assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (422, "wrong-body"), "{}", answer.text());
        assert!(answer.text().contains("twice"), "{}", answer.text());
    }

    async fn a_limit_is_named(bed: Bed) {
        let service = Service::new(bed).await;
        let token = service.sign_in("bot").await;
        let answer = service.call("POST", "/v1/requests").token(&token).json(&with("duration_ms", json!(7_200_000))).send().await;
        let body = answer.json();
        assert_eq!((body["asked_ms"].as_u64(), body["max_ms"].as_u64()), (Some(7_200_000), Some(3_600_000)));
        assert_eq!(body["policies"], json!(["read"]));
        assert!(body["detail"].as_str().unwrap().contains("1h"), "{body}");
    }

    async fn a_body_that_is_no_json_is_refused_with_its_position(bed: Bed) {
        let service = Service::new(bed).await;
        let token = service.sign_in("bot").await;
        let answer = service.call("POST", "/v1/requests").token(&token).body("application/json", "{\n \"target\": }").send().await;
        assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::BAD_REQUEST, "malformed-json"));
        assert_eq!((answer.json()["line"].as_u64(), answer.json()["column"].as_u64()), (Some(2), Some(12)));
        let answer = service.call("POST", "/v1/requests").token(&token).body("text/plain", asking().to_string()).send().await;
        assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::UNSUPPORTED_MEDIA_TYPE, "wrong-content-type"));
        let answer = service.call("POST", "/v1/requests").token(&token).send().await;
        assert_eq!(answer.problem(), "wrong-content-type");
    }

    async fn a_body_over_the_limit_is_refused(bed: Bed) {
        let mut settings = hallpass_http::Settings::at("https://hallpass.test");
        (settings.max_body, settings.connector_max_body) = (1_000, 100);
        let service = Service::with(bed, settings).await;
        let token = service.sign_in("admin").await;
        let answer = service.call("POST", "/v1/requests").token(&token).body("application/json", " ".repeat(1_001)).send().await;
        assert_eq!((answer.status, answer.json()["limit_bytes"].as_u64()), (StatusCode::PAYLOAD_TOO_LARGE, Some(1_000)));
        let answer = service.call("POST", "/v1/connectors").token(&token).body("application/wasm", "x".repeat(101)).send().await;
        assert_eq!((answer.status, answer.json()["limit_bytes"].as_u64()), (StatusCode::PAYLOAD_TOO_LARGE, Some(100)));
    }

    async fn ids_queries_and_paths_that_do_not_fit_are_named(bed: Bed) {
        let service = Service::new(bed).await;
        let token = service.sign_in("admin").await;
        for (method, path, status, problem) in [
            ("GET", "/v1/grants/gr_1", 400, "wrong-path"),
            ("GET", "/v1/grants/rq_01j00000000000000000000000", 400, "wrong-path"),
            ("GET", "/v1/grants/gr_01j00000000000000000000000%00", 400, "wrong-path"),
            ("GET", "/v1/connectors/sha256:12", 400, "wrong-path"),
            ("GET", "/v1/grants/gr_01j00000000000000000000000", 404, "not-found"),
            ("GET", "/v1/grants?lvie=true", 400, "wrong-query"),
            ("GET", "/v1/grants?live=perhaps", 400, "wrong-query"),
            ("GET", "/v1/grants?principal=bob", 400, "wrong-query"),
            ("GET", "/v1/grants?limit=0", 400, "wrong-query"),
            ("GET", "/v1/grants?limit=501", 400, "wrong-query"),
            ("GET", "/v1/requests?state=open", 400, "wrong-query"),
            ("GET", "/v1/targets?name=shop", 400, "wrong-query"),
            ("GET", "/v1/audit/events?after=x", 400, "wrong-query"),
            ("GET", "/v1/nothing", 404, "no-route"),
            ("GET", "/", 404, "no-route"),
            ("DELETE", "/v1/grants", 405, "no-method"),
        ] {
            let answer = service.call(method, path).token(&token).send().await;
            assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (status, problem), "{method} {path}: {}", answer.text());
        }
        let answer = service.call("DELETE", "/v1/grants").token(&token).send().await;
        assert!(answer.header("allow").contains("GET"), "{}", answer.header("allow"));
    }

    async fn a_cursor_that_is_no_id_is_refused(bed: Bed) {
        let service = Service::new(bed).await;
        let token = service.sign_in("admin").await;
        for path in ["/v1/grants?after=zzz", "/v1/requests?after=zzz", "/v1/principals?after=zzz"] {
            let answer = service.call("GET", path).token(&token).send().await;
            assert!(answer.status.is_client_error(), "{path}: {}", answer.text());
            answer.problem();
        }
    }

    async fn a_secret_that_does_not_fit_is_not_sent_back(bed: Bed) {
        let service = Service::new(bed).await;
        let token = service.sign_in("admin").await;
        for secrets in [json!({"password": 4711}), json!({"password": ["s-4711"]}), json!("s-4711"), json!({"no-such": "s-4711"})] {
            let body = json!({"name": "other", "environment": "staging", "connector": "scripted", "secrets": secrets});
            let answer = service.call("POST", "/v1/targets").token(&token).json(&body).send().await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {}", answer.text());
            assert!(!answer.text().contains("4711"), "{}", answer.text());
        }
    }
}
