//! What the host says of the effect of requests, whatever the connector claims, and the lease under which they go out.

use axum::body::Body;
use axum::http::Response;
use hallpass_domain::port::{Connector as _, Effect, FailureKind};
use hallpass_runtime::Limits;
use hallpass_tests::courier::{Courier, manifest};
use hallpass_tests::peer::{Peer, answer};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;

fn things() -> Value {
    json!({
        "destinations": {"api": {"url": {"setting": "url"}}},
        "requests": {
            "read": {"to": "api", "method": "GET", "path": "/things", "calls": ["apply", "observe"]},
            "change": {"to": "api", "method": "PUT", "path": "/things", "calls": ["apply"]}
        }
    })
}

async fn courier(url: &str) -> Courier {
    Courier::new(&manifest(&things(), &[]), url).await
}

#[tokio::test]
async fn a_change_whose_answer_is_lost_may_have_happened() {
    // Takes the request, says nothing and hangs up.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
        }
    });
    let lost = courier(&url).await.play("PUT /things {}").await.unwrap_err();
    assert_eq!(lost.effect, Effect::Unknown, "{lost}");
    let read = courier(&url).await.play("GET /things").await.unwrap_err();
    assert_eq!(read.effect, Effect::None, "a read leaves nothing: {read}");
}

#[tokio::test]
async fn a_refusal_leaves_nothing_and_a_fault_of_the_target_may() {
    for (status, effect) in [(403, Effect::None), (404, Effect::None), (409, Effect::None), (429, Effect::None), (500, Effect::Unknown)] {
        let peer = Peer::start(move |_| answer(status, &json!({}))).await;
        let failure = courier(&peer.url("127.0.0.1")).await.play("PUT /things {}\nexpect 200").await.unwrap_err();
        assert_eq!(failure.effect, effect, "{status}: {failure}");
    }
    // A connector that fails after a change that was answered cannot say that nothing changed.
    let peer = Peer::start(|seen| answer(if seen.method == "PUT" { 200 } else { 404 }, &json!({}))).await;
    let failure = courier(&peer.url("127.0.0.1")).await.play("PUT /things {}\nGET /things\nexpect 200").await.unwrap_err();
    assert_eq!(failure.effect, Effect::Partial, "{failure}");
}

#[tokio::test]
async fn nothing_that_changes_goes_out_without_the_lease() {
    let peer = Peer::start(|_| answer(200, &json!({}))).await;
    let courier = courier(&peer.url("127.0.0.1")).await.set("apply", "GET /things\nPUT /things {}");
    let failure = courier.runtime.apply(&courier.call(false), &courier.wish(), None).await.err().unwrap();
    assert_eq!(failure.effect, Effect::None, "{failure}");
    assert_eq!(peer.seen().iter().map(|s| s.method.as_str().to_owned()).collect::<Vec<_>>(), ["GET"]);
}

#[tokio::test]
async fn a_dry_run_only_reads() {
    let peer = Peer::start(|_| answer(200, &json!({}))).await;
    let courier = courier(&peer.url("127.0.0.1")).await.set("apply", "GET /things\nPUT /things {}");
    let mut call = courier.call(true);
    call.dry_run = true;
    let failure = courier.runtime.apply(&call, &courier.wish(), None).await.err().unwrap();
    assert_eq!((failure.kind, failure.effect), (FailureKind::Forbidden, Effect::None), "{failure}");
    assert_eq!(peer.seen().len(), 1);
}

#[tokio::test]
async fn an_address_that_was_not_granted_is_not_dialled() {
    let peer = Peer::start(|_| answer(200, &json!({}))).await;
    for granted in [vec![], vec!["http://127.0.0.1:1".to_owned()], vec![format!("https://127.0.0.1:{}", peer.address.port())]] {
        let mut courier = courier(&peer.url("127.0.0.1")).await;
        courier.endpoint.network = granted;
        let failure = courier.play("PUT /things {}").await.unwrap_err();
        assert_eq!((failure.code.as_str(), failure.effect), ("address-refused", Effect::None), "{failure}");
    }
    assert!(peer.seen().is_empty());
}

#[tokio::test]
async fn a_call_gets_no_more_than_its_share() {
    let long = |seen: &hallpass_tests::peer::Seen| match seen.method.as_str() {
        "GET" => Response::new(Body::from("x".repeat(10_000))),
        _ => answer(200, &json!({})),
    };
    let peer = Peer::start(long).await;
    let bounds = |change: fn(&mut hallpass_egress::Bounds)| {
        let mut limits = Limits::default();
        change(&mut limits.http);
        limits
    };
    for (limits, steps, code) in [
        (bounds(|b| b.requests = 2), "GET /things\nGET /things\nGET /things", "over-limit"),
        (bounds(|b| b.bytes_in = 15_000), "GET /things\nGET /things", "answer-too-long"),
        (bounds(|b| b.bytes_out = 4), "PUT /things {\"a\":1}", "over-limit"),
        (
            bounds(|b| b.header_bytes = 64),
            "header x-long aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nGET /things",
            "over-limit",
        ),
    ] {
        let courier = Courier::within(&manifest(&things(), &[]), &peer.url("127.0.0.1"), limits).await.unwrap();
        let failure = courier.play(steps).await.unwrap_err();
        assert_eq!((failure.code.as_str(), failure.effect), (code, Effect::None), "{failure}");
    }
}
