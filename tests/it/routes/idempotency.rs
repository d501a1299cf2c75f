//! `Idempotency-Key`: a call that is sent again has its effect once.

use axum::http::StatusCode;
use hallpass_domain::ids::Digest;
use hallpass_tests::app::SCHEMA;
use hallpass_tests::on_both_backends;
use serde_json::{Value, json};

use super::service::{Answer, Service};

const KEY: &str = "8e03978e-40d5-43dd-bc93-6894a57f9324";

fn asking(duration_ms: u64) -> Value {
    json!({ "target": "shop-prod", "entitlement": "schema.read", "resource": SCHEMA, "duration_ms": duration_ms })
}

async fn send(service: &Service, token: &str, path: &str, key: &str, body: &Value) -> Answer {
    service.call("POST", path).token(token).header("idempotency-key", key).json(body).send().await
}

fn same(first: &Answer, second: &Answer) {
    assert_eq!((first.status, second.status), (StatusCode::CREATED, StatusCode::CREATED), "{} {}", first.text(), second.text());
    assert_eq!(first.text(), second.text());
    assert_eq!(first.header("location"), second.header("location"));
}

async fn mine(service: &Service, token: &str) -> usize {
    service.call("GET", "/v1/requests?mine=true").token(token).send().await.json()["items"].as_array().unwrap().len()
}

on_both_backends! {
    async fn the_same_call_again_gets_the_answer_of_the_first_time(bed: Bed) {
        let service = Service::new(bed).await;
        let bot = service.sign_in("bot").await;
        let first = send(&service, &bot, "/v1/requests", KEY, &asking(60_000)).await;
        let id = first.json()["id"].as_str().unwrap().to_owned();
        // What became of it meanwhile is asked for elsewhere.
        service.app.approve("bob", &id.parse().unwrap(), None).await.unwrap();
        same(&first, &send(&service, &bot, "/v1/requests", KEY, &asking(60_000)).await);
        assert_eq!(mine(&service, &bot).await, 1);

        let other = send(&service, &bot, "/v1/requests", KEY, &asking(30_000)).await;
        assert_eq!((other.status, other.problem().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "invalid"));
        assert_eq!(other.json()["field"], "Idempotency-Key");
        assert_eq!(mine(&service, &bot).await, 1);
        assert_eq!(send(&service, &bot, "/v1/requests", "another", &asking(30_000)).await.status, StatusCode::CREATED);

        let dave = service.sign_in("dave").await;
        let his = send(&service, &dave, "/v1/requests", KEY, &asking(30_000)).await;
        assert_eq!(his.status, StatusCode::CREATED, "another principal's key is another key: {}", his.text());
        assert_ne!(his.json()["id"], id.as_str());
    }

    async fn the_same_call_at_the_same_moment_is_one_call(bed: Bed) {
        let service = Service::new(bed).await;
        let bot = service.sign_in("bot").await;
        let body = asking(60_000);
        let call = || send(&service, &bot, "/v1/requests", KEY, &body);
        let (a, b, c) = tokio::join!(call(), call(), call());
        same(&a, &b);
        same(&b, &c);
        assert_eq!(mine(&service, &bot).await, 1);
    }

    async fn a_refused_call_keeps_no_answer(bed: Bed) {
        let service = Service::new(bed).await;
        let bot = service.sign_in("bot").await;
        assert_eq!(send(&service, &bot, "/v1/requests", KEY, &asking(7_200_000)).await.problem(), "too-long");
        assert_eq!(send(&service, &bot, "/v1/requests", KEY, &asking(60_000)).await.status, StatusCode::CREATED);
        for bad in ["", "a b", &"k".repeat(129)] {
            let refused = send(&service, &bot, "/v1/requests", bad, &asking(60_000)).await;
            assert_eq!((refused.status, refused.problem().as_str()), (StatusCode::BAD_REQUEST, "wrong-header"), "{bad:?}");
        }
    }

    async fn a_one_time_link_is_shown_once_and_kept_nowhere(bed: Bed) {
        let service = Service::new(bed).await;
        let admin = service.sign_in("admin").await;
        let body = json!({ "kind": "user", "name": "erin" });
        let first = send(&service, &admin, "/v1/principals", KEY, &body).await;
        let link = first.json()["link"].as_str().unwrap().to_owned();
        let again = send(&service, &admin, "/v1/principals", KEY, &body).await;
        assert_eq!(again.status, StatusCode::CREATED);
        assert_eq!((&again.json()["principal"], &again.json()["expires"]), (&first.json()["principal"], &first.json()["expires"]));
        assert!(again.json()["link"].is_null(), "{}", again.text());
        let kept = service.app.store.reads().await.unwrap().idempotent(service.app.id("admin"), KEY).await.unwrap().unwrap();
        assert!(!kept.body.contains(link.rsplit('/').next().unwrap()), "{}", kept.body);
    }

    async fn a_target_is_added_once_and_its_secrets_cannot_be_guessed_at(bed: Bed) {
        let service = Service::new(bed).await;
        let admin = service.sign_in("admin").await;
        let target = |password: &str| {
            json!({ "name": "wiki", "environment": "test", "connector": "scripted", "settings": {}, "secrets": { "password": password } })
        };
        let first = send(&service, &admin, "/v1/targets", KEY, &target("hunter2")).await;
        same(&first, &send(&service, &admin, "/v1/targets", KEY, &target("hunter2")).await);
        assert_eq!(send(&service, &admin, "/v1/targets", KEY, &target("hunter3")).await.problem(), "invalid");
        let unkeyed = service.call("POST", "/v1/targets").token(&admin).json(&target("hunter2")).send().await;
        assert_eq!(unkeyed.problem(), "duplicate", "a call without a key is a call of its own");
        let kept = service.app.store.reads().await.unwrap().idempotent(service.app.id("admin"), KEY).await.unwrap().unwrap();
        let call = format!("POST /v1/targets\0{}", target("hunter2"));
        assert_ne!(kept.request, Digest::of(call.as_bytes()), "what is kept takes the master key to compare with");
        assert!(!kept.body.contains("hunter2"));
    }
}
