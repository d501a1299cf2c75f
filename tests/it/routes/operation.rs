//! What runs a broker reads: health, readiness, metrics, the document; and what every answer carries.

use axum::http::StatusCode;
use hallpass_tests::app::PUBLIC_URL;
use hallpass_tests::on_both_backends;

use super::service::Service;

on_both_backends! {
    async fn every_answer_is_kept_out_of_caches_and_browsers(bed: Bed) {
        let service = Service::new(bed).await;
        let mut calls = Vec::new();
        for path in ["/healthz", "/v1/grants", "/nothing", "/openapi.json"] {
            let answer = service.call("GET", path).send().await;
            for (name, value) in [
                ("cache-control", "no-store"),
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "no-referrer"),
                ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
            ] {
                assert_eq!(answer.header(name), value, "{path}");
            }
            calls.push(answer.header("x-request-id").to_owned());
        }
        calls.sort_unstable();
        calls.dedup();
        assert_eq!(calls.len(), 4, "each call has an id of its own");
    }

    async fn the_service_serves_the_document_that_describes_it(bed: Bed) {
        let service = Service::new(bed).await;
        let answer = service.call("GET", "/openapi.json").send().await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.json(), serde_json::to_value(hallpass_http::document()).unwrap());
    }

    async fn a_ready_broker_says_so(bed: Bed) {
        let service = Service::new(bed).await;
        assert_eq!(service.call("GET", "/healthz").send().await.text(), "ok\n");
        // The test's clock stands still and the database's does not: set its hands again, however long this took.
        service.app.advance(0).await;
        let answer = service.call("GET", "/readyz").send().await;
        assert_eq!((answer.status, answer.json()["ready"].as_bool()), (StatusCode::OK, Some(true)), "{}", answer.text());
    }

    async fn a_broker_whose_events_wait_for_their_index_is_not_ready(bed: Bed) {
        let service = Service::new(bed).await;
        service.app.bot_reads(60_000).await;
        service.app.advance(60_000).await;
        let answer = service.call("GET", "/readyz").send().await;
        assert_eq!((answer.status, answer.json()["ready"].as_bool()), (StatusCode::SERVICE_UNAVAILABLE, Some(false)));
        assert!(!answer.json()["problems"].as_array().unwrap().is_empty());
    }

    async fn metrics_are_for_those_with_the_right(bed: Bed) {
        let service = Service::new(bed).await;
        let admin = service.sign_in("admin").await;
        let answer = service.call("GET", "/metrics").token(&admin).send().await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.text().contains("hallpass_grants_overdue 0\n"), "{}", answer.text());
        let bot = service.sign_in("bot").await;
        assert_eq!(service.call("GET", "/metrics").token(&bot).send().await.problem(), "forbidden");
    }

    async fn metrics_are_open_on_loopback_only_where_it_was_set_and_seen(bed: Bed) {
        let mut settings = hallpass_http::Settings::at(PUBLIC_URL);
        settings.metrics_on_loopback = true;
        let service = Service::with(bed, settings).await;
        let from = |address: &str| service.call("GET", "/metrics").from(address);
        assert_eq!(from("127.0.0.1:5000").send().await.status, StatusCode::OK);
        assert_eq!(from("10.0.0.1:5000").send().await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(from("10.0.0.1:5000").header("x-forwarded-for", "127.0.0.1").send().await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(service.call("GET", "/metrics").send().await.status, StatusCode::UNAUTHORIZED, "an unknown address is not loopback");
    }
}
