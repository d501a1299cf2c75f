//! What a manifest asks for over HTTP is not enough: an operator must have granted it to this version.

use hallpass_domain::port::{Connector as _, Failure, FailureKind, Granted, Invocation};
use hallpass_tests::courier::{Courier, manifest};
use hallpass_tests::peer::{Peer, answer};
use serde_json::{Value, json};

/// A version that tells a second place what it does, with a credential.
fn telling() -> Value {
    let request =
        |to: &str, method: &str, path: &str, calls: Value| json!({"to": to, "method": method, "path": path, "calls": calls, "slots": {}});
    let mut look = request("api", "GET", "/member", json!(["look"]));
    look["expect"] = json!({"present": {"status": 200}, "absent": {"status": 404}});
    json!({
        "credentials": {"main": {"kind": "bearer", "secret": "secret"}},
        "destinations": {
            "api": {"url": {"setting": "url"}},
            "aside": {"url": {"setting": "aside"}, "credentials": ["main"]}
        },
        "requests": {
            "join": request("api", "PUT", "/member", json!(["apply"])),
            "tell": request("aside", "POST", "/told", json!(["apply"])),
            "look": look
        }
    })
}

#[tokio::test]
async fn each_line_of_http_is_a_permission_of_its_own() {
    let (peer, aside) = (Peer::start(|_| answer(200, &json!({}))).await, Peer::start(|_| answer(200, &json!({}))).await);
    let courier = Courier::new(&manifest(&telling(), &["look"]), &peer.url("127.0.0.1")).await;
    let told = format!("{}/told", aside.url("127.0.0.1"));
    let mut courier = courier.secret("secret", "t0ken").set("aside", &aside.url("127.0.0.1"));
    courier.endpoint.network.push(aside.url("127.0.0.1"));
    let courier = courier.set("apply", &format!("POST {told} {{}}"));
    let asked = courier.runtime.facts(&courier.call(true).connector).unwrap().permissions.clone();
    let with = |lines: Vec<String>| Invocation { granted: Granted::only(&lines), ..courier.call(true) };
    for missing in ["credential main", "destination aside", "request tell"] {
        let rest: Vec<String> = asked.iter().filter(|line| !line.starts_with(missing)).cloned().collect();
        assert_eq!(rest.len(), asked.len() - 1, "{missing}: {asked:?}");
        let failure: Failure = courier.runtime.apply(&with(rest), &courier.wish(), None).await.err().expect(missing);
        assert_eq!(failure.kind, FailureKind::Forbidden, "{missing}: {failure}");
        assert!(aside.seen().is_empty(), "{missing}: nothing leaves");
    }
    let rest: Vec<String> = asked.iter().filter(|line| !line.starts_with("request look")).cloned().collect();
    let failure = courier.runtime.look(&with(rest), &courier.wish()).await.unwrap_err();
    assert_eq!((failure.kind, failure.code.as_str()), (FailureKind::Forbidden, "not-granted"), "the host's own look is a permission too");
    assert!(peer.seen().is_empty());
    courier.runtime.apply(&with(asked), &courier.wish(), None).await.unwrap();
    let [request] = aside.seen().try_into().unwrap();
    assert_eq!((request.uri.path(), request.header("authorization")), ("/told", "Bearer t0ken"));
}
