//! Bodies that take their time: what a caller may do is asked when everything has arrived.

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use futures_util::stream;
use hallpass_tests::app::{MINUTE, SCHEMA};
use hallpass_tests::on_both_backends;
use serde_json::json;

use super::service::Service;

/// A body that arrives when it is sent.
fn slow() -> (tokio::sync::oneshot::Sender<Bytes>, Body) {
    let (send, arrives) = tokio::sync::oneshot::channel();
    (send, Body::from_stream(stream::once(arrives)))
}

on_both_backends! {
    async fn a_verdict_that_arrives_late_is_that_of_who_is_there_then(bed: Bed) {
        let service = Service::new(bed).await;
        let asked = service.app.ask("bot", "schema.read", SCHEMA, MINUTE).await.unwrap();
        let bob = service.sign_in("bob").await;
        let (send, body) = slow();
        let path = format!("/v1/requests/{}/approvals", asked.request.id);
        let decide = service.call("POST", &path).token(&bob).body("application/json", body).send();
        let offboard = async {
            let admin = service.app.sign_in("admin").await;
            service.app.broker.offboard_principal(&admin, service.app.id("bob")).await.unwrap();
            send.send(json!({"verdict": "approve"}).to_string().into()).unwrap();
        };
        let (answer, ()) = tokio::join!(decide, offboard);
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}", answer.text());
    }

    async fn a_connector_that_arrives_late_is_not_loaded_for_whom_may_not_any_more(bed: Bed) {
        let service = Service::new(bed).await;
        service.app.set_group("operators", &["admin", "bob"]).await;
        let (bob, carol) = (service.sign_in("bob").await, service.sign_in("carol").await);
        let (_never, body) = slow();
        let refused = service.call("POST", "/v1/connectors").token(&carol).body("application/wasm", body).send().await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "before a byte of it was read: {}", refused.text());
        let (send, body) = slow();
        let load = service.call("POST", "/v1/connectors").token(&bob).body("application/wasm", body).send();
        let demote = async {
            service.app.set_group("operators", &["admin"]).await;
            send.send(Bytes::from_static(hallpass_tests::scripted::READS_ONLY)).unwrap();
        };
        let (answer, ()) = tokio::join!(load, demote);
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.text());
    }
}
