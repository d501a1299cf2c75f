//! What a target may reach beyond the public internet: granted by who configures it, spelled in one way, recorded, and no way around
//! the rule that secrets are not sent elsewhere by who does not know them.

use axum::http::StatusCode;
use hallpass_tests::on_both_backends;
use serde_json::{Value, json};

use super::service::{Answer, Service};

async fn patch(service: &Service, who: &str, body: &Value) -> Answer {
    let token = service.sign_in(who).await;
    service.call("PATCH", &format!("/v1/targets/{}", service.app.target)).token(&token).json(body).send().await
}

async fn shown(service: &Service) -> Value {
    let token = service.sign_in("admin").await;
    service.call("GET", &format!("/v1/targets/{}", service.app.target)).token(&token).send().await.json()
}

on_both_backends! {
    async fn who_configures_a_target_grants_it_and_it_is_recorded(bed: Bed) {
        let service = Service::new(bed).await;
        let grants = json!({"network": ["https://10.1.2.3:443/", "http://LOCALHOST:8080", "https://10.1.2.3", "https://[fd00::1]:8443"]});
        for who in ["dave", "bob", "bot"] {
            let answer = patch(&service, who, &grants).await;
            assert!(matches!(answer.status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND), "{who}: {}", answer.text());
        }
        assert_eq!(shown(&service).await["network"], json!([]));
        let target = patch(&service, "admin", &grants).await.json();
        assert_eq!(target["network"], json!(["https://10.1.2.3", "http://localhost:8080", "https://[fd00::1]:8443"]));
        let revision = target["revision"].as_i64().unwrap();
        let [changed] = service.app.leaves("target.changed").await.try_into().unwrap();
        assert_eq!((changed["actors"][0].as_str(), changed["facts"]["revision"].as_i64()), (Some(service.app.id("admin").as_str()), Some(revision)));
        assert!(!changed["facts"]["network"]["sha256"].is_null(), "{changed}");
        // What a change does not name stays; an empty list takes all of it away.
        patch(&service, "admin", &json!({"settings": {"colour": "blue"}})).await;
        assert_eq!(shown(&service).await["network"].as_array().unwrap().len(), 3);
        patch(&service, "admin", &json!({"network": []})).await;
        assert_eq!(shown(&service).await["network"], json!([]));

        let token = service.sign_in("admin").await;
        let new = json!({"name": "inside", "environment": "test", "connector": "scripted", "secrets": {"password": "x"}, "network": ["http://127.0.0.1:9000"]});
        let dave = service.sign_in("dave").await;
        assert_eq!(service.call("POST", "/v1/targets").token(&dave).json(&new).send().await.status, StatusCode::FORBIDDEN);
        let added = service.call("POST", "/v1/targets").token(&token).json(&new).send().await;
        assert_eq!((added.status, &added.json()["network"]), (StatusCode::CREATED, &json!(["http://127.0.0.1:9000"])));
        let recorded = service.app.leaves("target.added").await;
        assert!(recorded.iter().all(|leaf| !leaf["facts"]["network"]["sha256"].is_null()), "{recorded:?}");
    }

    async fn what_is_no_grant_is_refused_whole(bed: Bed) {
        let service = Service::new(bed).await;
        patch(&service, "admin", &json!({"network": ["https://10.1.2.3"]})).await;
        let before = shown(&service).await;
        let many: Vec<String> = (0..65).map(|n| format!("https://10.0.0.{n}")).collect();
        let cases = [
            json!(["10.1.2.3"]), json!(["*"]), json!(["10.0.0.0/8"]), json!(["https://*.corp.example"]), json!([""]),
            json!(["ftp://10.1.2.3"]), json!(["https://10.1.2.3/path"]), json!(["https://10.1.2.3?x"]), json!(["https://user:pw@10.1.2.3"]),
            json!(["https://10.1.2.3:0"]), json!(["https://10.1.2.3:99999"]), json!(["https://a b"]), json!(["https://10.1.2.3\nhttps://10.1.2.4"]),
            json!(["http://169.254.169.254"]), json!(["http://[fd00:ec2::254]"]), json!(["http://0.0.0.0"]), json!(["http://255.255.255.255"]),
            json!(["http://224.0.0.1"]), json!(["http://[::ffff:169.254.169.254]"]),
            json!(["https://10.9.9.9", "http://169.254.169.254"]), json!(many),
        ];
        for network in cases {
            let answer = patch(&service, "admin", &json!({"network": network, "settings": {"colour": "red"}})).await;
            assert_eq!((answer.problem().as_str(), answer.status.as_u16()), ("invalid", 422), "{network}: {}", answer.text());
            assert_eq!(answer.json()["field"], "network", "{network}");
        }
        for network in [json!("https://10.1.2.3"), json!([1]), json!({"a": 1})] {
            assert_eq!(patch(&service, "admin", &json!({"network": network})).await.problem(), "wrong-body", "{network}");
        }
        assert_eq!(shown(&service).await, before, "nothing of a refused change is kept");
    }

    async fn a_grant_is_no_way_to_send_a_secret_elsewhere(bed: Bed) {
        let service = Service::new(bed).await;
        let moved = json!({"network": ["http://127.0.0.1:1"], "settings": {"host": "127.0.0.1"}});
        let answer = patch(&service, "admin", &moved).await;
        assert_eq!((answer.problem().as_str(), &answer.json()["field"]), ("invalid", &json!("settings")), "{}", answer.text());
        assert!(answer.json()["remedy"].as_str().unwrap().contains("password"));
        assert_eq!(shown(&service).await["network"], json!([]));
        let known = json!({"network": ["http://127.0.0.1:1"], "settings": {"host": "127.0.0.1"}, "secrets": {"password": "management-secret"}});
        assert_eq!(patch(&service, "admin", &known).await.status, StatusCode::OK);
    }
}
