//! The token endpoint and enrolment.

use axum::http::StatusCode;
use hallpass_domain::rng::SystemRng;
use hallpass_keyring::ClientKeys;
use hallpass_tests::on_both_backends;
use serde_json::{Value, json};

use super::service::{Answer, Service};

const FORM: &str = "application/x-www-form-urlencoded";

fn refused(answer: &Answer) -> (u16, String) {
    let body = answer.json();
    assert!(!body["error_description"].as_str().unwrap().is_empty());
    (answer.status.as_u16(), body["error"].as_str().unwrap().to_owned())
}

fn keys_for(token: &str) -> Value {
    let keys = ClientKeys::generate(&SystemRng).unwrap();
    json!({ "signing_key": keys.signing_public(), "recipient_key": keys.recipient_public(), "proof": keys.enrolment_proof(token) })
}

on_both_backends! {
    async fn a_signed_assertion_gets_a_token_that_says_who_it_is(bed: Bed) {
        let service = Service::new(bed).await;
        let answer = service.token_call(service.app.assertion("bot").expose()).await;
        let body = answer.json();
        assert_eq!((body["token_type"].as_str(), answer.header("cache-control")), (Some("Bearer"), "no-store"));
        assert!(body["expires_in"].as_u64().unwrap() <= 15 * 60);
        let me = service.call("GET", "/v1/principals/me").token(body["access_token"].as_str().unwrap()).send().await.json();
        assert_eq!((me["name"].as_str(), me["kind"].as_str()), (Some("bot"), Some("agent")));
        assert_eq!(me["owner"], service.app.id("alice").as_str());
    }

    async fn whoever_is_not_proven_gets_no_token(bed: Bed) {
        let service = Service::new(bed).await;
        let assertion = service.app.assertion("bot");
        assert_eq!(service.token_call(assertion.expose()).await.status, StatusCode::OK);
        assert_eq!(refused(&service.token_call(assertion.expose()).await), (401, "invalid_client".into()), "an assertion works once");
        assert_eq!(refused(&service.token_call("a.b.c").await), (401, "invalid_client".into()));
        assert_eq!(refused(&service.token_call(&"a".repeat(20_000)).await), (413, "invalid_request".into()));
        let call = |body: &str| service.call("POST", "/oauth/token").body(FORM, body.to_owned()).send();
        assert_eq!(refused(&call("grant_type=password&username=a&password=b").await), (400, "unsupported_grant_type".into()));
        assert_eq!(refused(&call("grant_type=client_credentials&client_id=a&client_secret=b").await), (401, "invalid_client".into()));
        let json = service.call("POST", "/oauth/token").json(&json!({"grant_type": "client_credentials"})).send().await;
        assert_eq!(refused(&json), (415, "invalid_request".into()));
        let basic = service.call("POST", "/oauth/token").header("authorization", "Basic YTpi").body(FORM, "grant_type=client_credentials");
        assert_eq!(refused(&basic.send().await), (401, "invalid_client".into()));
    }

    async fn a_link_registers_keys_once_and_its_owner_signs_in_with_them(bed: Bed) {
        let service = Service::new(bed).await;
        let admin = service.sign_in("admin").await;
        let added = service.call("POST", "/v1/principals").token(&admin).json(&json!({"kind": "user", "name": "erin"})).send().await;
        assert_eq!(added.status, StatusCode::CREATED, "{}", added.text());
        let body = added.json();
        assert_eq!(added.header("location"), format!("/v1/principals/{}", body["principal"]["id"].as_str().unwrap()));
        let link = body["link"].as_str().unwrap();
        let path = link.strip_prefix("https://hallpass.test").unwrap().to_owned();
        let token = path.strip_prefix("/enrol/").unwrap();
        let forged = service.call("POST", &path).json(&keys_for("another link")).send().await;
        assert!(forged.status.is_client_error(), "{}", forged.text());
        let enrolled = service.call("POST", &path).json(&keys_for(token)).send().await;
        assert_eq!((enrolled.status, enrolled.json()["state"].as_str()), (StatusCode::OK, Some("active")), "{}", enrolled.text());
        let again = service.call("POST", &path).json(&keys_for(token)).send().await;
        assert_eq!((again.status, again.problem().as_str()), (StatusCode::GONE, "gone"));
        let unknown = service.call("POST", "/enrol/nothing").json(&keys_for("nothing")).send().await;
        assert!(unknown.status.is_client_error(), "{}", unknown.text());
    }
}
