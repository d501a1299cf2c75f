//! The host's own look over HTTP, and secrets that a target makes.

use std::sync::Mutex;

use hallpass_domain::grant::SeenBy;
use hallpass_domain::holding::Presence;
use hallpass_domain::port::{Connector as _, FailureKind};
use hallpass_tests::courier::{Courier, manifest};
use hallpass_tests::peer::{Peer, answer};
use serde_json::{Value, json};

/// Memberships as a target keeps them.
fn members() -> Value {
    let member = |method: &str, calls: Value| json!({"to": "api", "method": method, "path": "/orgs/{org}/members/{user}", "slots": {"org": "resource.org", "user": "grant.account"}, "calls": calls});
    let mut look = member("GET", json!(["look"]));
    look["expect"] = json!({
        "present": {"status": 200, "body": {"/state": "active", "/user": "grant.account", "/role": "member"}},
        "absent": {"status": 404}
    });
    json!({
        "destinations": {"api": {"url": {"setting": "url"}}},
        "requests": {
            "join": member("PUT", json!(["apply"])), "leave": member("DELETE", json!(["revoke"])), "look": look,
            "mint": {"to": "api", "method": "POST", "path": "/keys", "calls": ["apply"], "capture": {"/key/secret": "key"}},
            "user": {"to": "api", "method": "POST", "path": "/users", "calls": ["apply"], "secrets": {"/login/password": "password"}},
            "read": {"to": "api", "method": "GET", "path": "/keys", "calls": ["apply"]}
        }
    })
}

#[tokio::test]
async fn the_host_sees_for_itself_whatever_the_connector_says() {
    let state = std::sync::Arc::new(Mutex::new(json!(null)));
    let kept = std::sync::Arc::clone(&state);
    let peer = Peer::start(move |seen| {
        let mut state = kept.lock().unwrap();
        match seen.method.as_str() {
            "PUT" => *state = json!({"state": "active", "user": "bob smith", "role": "member"}),
            "DELETE" => *state = json!(null),
            _ => {}
        }
        if state.is_null() && seen.method == "GET" { answer(404, &json!({})) } else { answer(200, &state) }
    })
    .await;
    let courier = Courier::new(&manifest(&members(), &["look"]), &peer.url("127.0.0.1")).await;
    let courier = courier.set("apply", "PUT /orgs/shop/members/{account}").set("revoke", "DELETE /orgs/shop/members/{account}");
    let see = async || {
        let sight = courier.look().await.unwrap();
        assert_eq!(sight.by, SeenBy::Host);
        sight.presence
    };
    assert_eq!(see().await, Some(Presence::Absent));
    courier.apply().await.unwrap();
    assert_eq!(peer.seen().pop().unwrap().uri, "/orgs/shop/members/bob%20smith");
    assert_eq!(see().await, Some(Presence::Present));
    // Somebody gave it another role: that is none of the declared states.
    state.lock().unwrap()["role"] = json!("owner");
    let drift = courier.look().await.unwrap();
    assert_eq!(drift.presence, None);
    assert!(drift.details.contains(&("look./role".to_owned(), "owner".to_owned())), "{:?}", drift.details);
    courier.revoke().await.unwrap();
    assert_eq!(see().await, Some(Presence::Absent));
}

#[tokio::test]
async fn an_answer_that_shows_nothing_is_a_failure_and_no_sight() {
    for (status, kind) in [
        (401, FailureKind::Unauthenticated),
        (403, FailureKind::Forbidden),
        (429, FailureKind::RateLimited),
        (500, FailureKind::Unavailable),
    ] {
        let peer = Peer::start(move |_| answer(status, &json!({}))).await;
        let courier = Courier::new(&manifest(&members(), &["look"]), &peer.url("127.0.0.1")).await;
        assert_eq!(courier.look().await.unwrap_err().kind, kind, "{status}");
    }
    let peer = Peer::start(|_| answer(200, &json!("garbage"))).await;
    let courier = Courier::new(&manifest(&members(), &["look"]), &peer.url("127.0.0.1")).await;
    assert_eq!(courier.look().await.unwrap().presence, None, "an answer of another shape is drift");
}

#[tokio::test]
async fn a_key_that_the_target_makes_reaches_the_holder_and_not_the_guest() {
    const KEY: &str = "minted-by-the-target-0123456789";
    let peer = Peer::start(|seen| match seen.method.as_str() {
        "POST" => answer(201, &json!({"key": {"id": "k1", "secret": KEY}})),
        _ => answer(200, &json!([{"id": "k1", "secret": KEY}])),
    })
    .await;
    let courier = Courier::new(&manifest(&members(), &["look"]), &peer.url("127.0.0.1")).await;
    let applied = courier.set("apply", "POST /keys {}\ndeliver key api-key\nGET /keys").apply().await.unwrap();
    let delivery = applied.delivery.unwrap();
    assert_eq!((delivery.label.as_str(), delivery.value.expose()), ("api-key", KEY));
    let seen = format!("{:?}", applied.done);
    assert!(seen.contains("(secret)") && !seen.contains(KEY), "it does not come back in a later answer either: {seen}");
    let courier = Courier::new(&manifest(&members(), &["look"]), &peer.url("127.0.0.1")).await;
    let seen = courier.play("POST /keys {}").await.unwrap();
    assert!(seen.contains("(captured)") && seen.contains("k1") && !seen.contains(KEY), "{seen}");
}

#[tokio::test]
async fn a_password_that_the_host_makes_stands_in_the_body_and_nowhere_else() {
    let peer = Peer::start(|seen| answer(201, &seen.echo())).await;
    let courier = Courier::new(&manifest(&members(), &["look"]), &peer.url("127.0.0.1")).await;
    let steps = "POST /users {\"login\":{\"password\":\"?\"}}";
    let failure = courier.play(steps).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Forbidden, "none was made: {failure}");
    let courier = Courier::new(&manifest(&members(), &["look"]), &peer.url("127.0.0.1")).await;
    let applied = courier.set("apply", &format!("make password\n{steps}")).apply().await.unwrap();
    let delivered = applied.delivery.unwrap().value;
    let [request] = peer.seen().try_into().unwrap();
    assert_eq!(request.body, format!("{{\"login\":{{\"password\":\"{}\"}}}}", delivered.expose()));
    let seen = format!("{:?}", applied.done);
    assert!(seen.contains("(secret)") && !seen.contains(delivered.expose()), "{seen}");
    let courier = Courier::new(&manifest(&members(), &["look"]), &peer.url("127.0.0.1")).await;
    let failure = courier.play("make password\nPOST /users {\"login\":{}}").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Forbidden, "there is no place for it: {failure}");
}

#[tokio::test]
async fn an_answer_without_the_secret_that_it_should_hold_is_withheld() {
    let peer = Peer::start(|_| answer(200, &json!({"key": {"secrets": ["leaked-key-0123456789"]}}))).await;
    let courier = Courier::new(&manifest(&members(), &["look"]), &peer.url("127.0.0.1")).await;
    let failure = courier.play("POST /keys {}").await.unwrap_err();
    assert_eq!(failure.effect, hallpass_domain::port::Effect::Unknown, "{failure}");
    assert!(!failure.message.contains("leaked"), "{failure}");
}

#[tokio::test]
async fn every_permission_is_a_line_that_an_operator_reads() {
    let courier = Courier::new(&manifest(&members(), &["look"]), "http://127.0.0.1:9").await;
    let facts = courier.runtime.facts(&courier.call(true).connector).unwrap();
    for line in [
        "destination api: <setting url> with nothing",
        "request join (changes; in apply): PUT api/orgs/{resource.org}/members/{grant.account}",
        r#"request look (reads; in look; expects {"absent":{"body":{},"status":404},"present":{"body":{"/role":"member","/state":"active","/user":"grant.account"},"status":200}}): GET api/orgs/{resource.org}/members/{grant.account}"#,
        "request mint (changes; in apply): POST api/keys [the secret at /key/secret becomes key, for the holder]",
    ] {
        assert!(facts.permissions.iter().any(|p| p == line), "{line}: {:#?}", facts.permissions);
    }
}
