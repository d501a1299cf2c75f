//! Connectors that speak HTTP, through the runtime and egress, against a server of the test's: what arrives, what a guest sees of it,
//! and what never leaves.

use axum::body::Body;
use axum::http::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hallpass_domain::port::{Effect, FailureKind};
use hallpass_tests::courier::{Courier, manifest};
use hallpass_tests::peer::{Authority, Peer, Seen, answer};
use serde_json::{Value, json};

mod effect;
mod granted;
mod look;

const TOKEN: &str = "t0ken-of-the-broker/and+more";

/// Everything below `/echo` and `/v1`, with this credential.
fn with(credential: &Value) -> Value {
    let request = |method: &str, path: &str, calls: &[&str]| json!({"to": "api", "method": method, "path": path, "calls": calls, "slots": if path.contains("{any}") { json!({"any": "text"}) } else { json!({}) }});
    json!({
        "credentials": {"main": credential},
        "destinations": {"api": {"url": {"setting": "url"}, "roots": "roots", "credentials": ["main"]}},
        "requests": {
            "echo": request("GET", "/echo", &["apply", "revoke", "observe", "health"]),
            "echo-post": request("POST", "/echo", &["apply"]),
            "redirect": request("GET", "/redirect", &["apply"]),
            "any": request("GET", "/v1/{any}", &["apply"])
        }
    })
}

fn echo(seen: &Seen) -> axum::response::Response {
    answer(200, &seen.echo())
}

#[tokio::test]
async fn a_request_goes_out_with_the_credential_and_comes_back_without_it() {
    let peer = Peer::start(echo).await;
    let courier = Courier::new(&manifest(&with(&json!({"kind": "bearer", "secret": "secret"})), &[]), &peer.url("127.0.0.1")).await;
    let seen = courier.secret("secret", TOKEN).play("POST /echo {\"a\":1}").await.unwrap();
    let [request] = peer.seen().try_into().unwrap();
    assert_eq!(request.header("authorization"), format!("Bearer {TOKEN}"));
    assert_eq!((request.body.as_str(), request.header("content-length")), ("{\"a\":1}", "7"));
    assert!(seen.starts_with("200 ") && seen.contains("Bearer (secret)"), "{seen}");
    assert!(!seen.contains(TOKEN), "{seen}");
}

#[tokio::test]
async fn a_parameter_reaches_the_server_as_it_was_approved_and_no_other_does() {
    let peer = Peer::start(echo).await;
    let http = json!({
        "destinations": {"api": {"url": {"setting": "url"}, "roots": "roots"}},
        "requests": {"join": {"to": "api", "method": "PUT", "path": "/members/{level}", "calls": ["apply"], "slots": {"level": "parameter.level"}}}
    });
    let mut declared = manifest(&http, &[]);
    declared["entitlements"][0]["parameters"] = json!({"level": {"title": "Level", "values": ["read", "write"]}});
    let mut courier = Courier::new(&declared, &peer.url("127.0.0.1")).await;
    courier.parameters.insert("level".to_owned(), "read".to_owned());
    let courier = courier.set("apply", "PUT /members/read {}");
    courier.apply().await.unwrap();
    let courier = courier.set("apply", "PUT /members/write {}");
    assert_eq!(courier.apply().await.err().unwrap().code, "request-refused");
    let paths: Vec<String> = peer.seen().iter().map(|s| s.uri.path().to_owned()).collect();
    assert_eq!(paths, ["/members/read"]);
}

/// A manifest whose requests to `/echo` carry this credential, and a courier with the secret of it.
async fn courier(credential: &Value, peer: &Peer) -> Courier {
    Courier::new(&manifest(&with(credential), &[]), &peer.url("127.0.0.1")).await.secret("secret", TOKEN)
}

#[tokio::test]
async fn every_kind_of_credential_arrives_and_is_never_seen() {
    let peer = Peer::start(echo).await;
    let basic = format!("Basic {}", BASE64.encode(format!("broker:{TOKEN}")));
    for (credential, header, wanted) in [
        (json!({"kind": "basic", "user": "broker", "secret": "secret"}), "authorization", basic.as_str()),
        (json!({"kind": "header", "name": "x-api-key", "prefix": "Key ", "secret": "secret"}), "x-api-key", &format!("Key {TOKEN}")),
        (
            json!({"kind": "header", "name": "Authorization", "prefix": "Token ", "secret": "secret"}),
            "authorization",
            &format!("Token {TOKEN}"),
        ),
    ] {
        let seen = courier(&credential, &peer).await.play("header x-api-key forged\nGET /echo").await.unwrap();
        let request = peer.seen().pop().unwrap();
        assert_eq!(request.header(header), wanted, "{credential}");
        assert_eq!(request.headers.get_all(header).iter().count(), 1, "{credential}");
        assert!(seen.contains("(secret)") && !seen.contains(wanted) && !seen.contains(TOKEN), "{seen}");
    }
    let credential = json!({"kind": "query", "name": "api_key", "secret": "secret"});
    let seen = courier(&credential, &peer).await.play("GET /echo").await.unwrap();
    assert_eq!(peer.seen().pop().unwrap().uri, "/echo?api_key=t0ken-of-the-broker%2Fand%2Bmore");
    assert!(seen.contains("api_key=(secret)"), "{seen}");
}

#[tokio::test]
async fn a_guest_cannot_say_who_it_is() {
    let peer = Peer::start(echo).await;
    for header in [
        "authorization Bearer mine",
        "cookie a=b",
        "proxy-authorization x",
        "host evil.example",
        "transfer-encoding chunked",
        "x-http-method-override DELETE",
        "x-forwarded-for 1.2.3.4",
    ] {
        let credential = json!({"kind": "bearer", "secret": "secret"});
        let failure = courier(&credential, &peer).await.play(&format!("header {header}\nGET /echo")).await.unwrap_err();
        assert_eq!(failure.code, "bad-request", "{header}: {failure}");
    }
    assert!(peer.seen().is_empty());
    // What clients say of themselves without being asked is dropped, not refused.
    let credential = json!({"kind": "bearer", "secret": "secret"});
    courier(&credential, &peer).await.play("header accept-encoding gzip\nheader content-length 7\nGET /echo").await.unwrap_err();
    courier(&credential, &peer).await.play("header accept-encoding gzip\nheader sec-fetch-mode cors\nGET /echo").await.unwrap();
    let [request] = peer.seen().try_into().unwrap();
    assert_eq!((request.header("accept-encoding"), request.header("sec-fetch-mode")), ("identity", ""));
}

#[tokio::test]
async fn an_oauth2_token_is_fetched_once_and_kept_until_it_is_refused() {
    let peer = Peer::start(|seen| match seen.uri.path() {
        "/oauth/token" => answer(200, &json!({"access_token": "access-token-1234", "token_type": "bearer", "expires_in": 3600})),
        "/v1/expired" => answer(401, &json!({})),
        _ => answer(200, &seen.echo()),
    })
    .await;
    let token_url = format!("{}/oauth/token", peer.url("127.0.0.1"));
    let credential =
        json!({"kind": "oauth2", "token_url": token_url, "client_id": "broker", "secret": "secret", "fields": {"scope": "members"}});
    let courier = courier(&credential, &peer).await.set("apply", "GET /echo\nPOST /echo {}\nGET /echo").set("revoke", "GET /echo");
    courier.apply().await.unwrap();
    courier.revoke().await.unwrap();
    let fetches = |peer: &Peer| peer.seen().into_iter().filter(|s| s.uri.path() == "/oauth/token").collect::<Vec<_>>();
    let [fetch] = fetches(&peer).try_into().unwrap();
    assert_eq!(fetch.body, "grant_type=client_credentials&scope=members");
    let encoded = BASE64.encode("broker:t0ken-of-the-broker%2Fand%2Bmore");
    assert_eq!(fetch.header("authorization"), format!("Basic {encoded}"));
    let rest: Vec<Seen> = peer.seen().into_iter().filter(|s| s.uri.path() != "/oauth/token").collect();
    assert_eq!(rest.len(), 4);
    assert!(rest.iter().all(|s| s.header("authorization") == "Bearer access-token-1234"));
    let seen = courier.play("GET /echo").await.unwrap();
    assert!(seen.contains("Bearer (secret)"), "a fetched token is a secret too: {seen}");
}

#[tokio::test]
async fn a_token_that_the_target_refuses_is_fetched_anew() {
    let peer = Peer::start(|seen| match seen.uri.path() {
        "/oauth/token" => answer(200, &json!({"access_token": "access-token-1234", "expires_in": 3600})),
        _ => answer(401, &json!({})),
    })
    .await;
    let token_url = format!("{}/oauth/token", peer.url("127.0.0.1"));
    let credential = json!({"kind": "oauth2", "token_url": token_url, "client_id": "broker", "secret": "secret", "client_auth": "form"});
    courier(&credential, &peer).await.play("GET /echo\nGET /echo").await.unwrap();
    let paths: Vec<String> = peer.seen().iter().map(|s| s.uri.path().to_owned()).collect();
    assert_eq!(paths, ["/oauth/token", "/echo", "/oauth/token", "/echo"]);
    assert!(peer.seen()[0].body.ends_with("client_id=broker&client_secret=t0ken-of-the-broker%2Fand%2Bmore"), "{}", peer.seen()[0].body);
}

#[tokio::test]
async fn a_token_endpoint_that_refuses_is_no_request_of_the_connector() {
    let peer = Peer::start(|_| answer(400, &json!({"error": "invalid_scope"}))).await;
    let token_url = format!("{}/oauth/token", peer.url("127.0.0.1"));
    let credential = json!({"kind": "oauth2", "token_url": token_url, "client_id": "broker", "secret": "secret"});
    let failure = courier(&credential, &peer).await.play("POST /echo {}").await.unwrap_err();
    assert_eq!((failure.kind, failure.effect), (FailureKind::Unauthenticated, Effect::None), "{failure}");
}

#[tokio::test]
async fn a_request_is_signed_for_aws() {
    let peer = Peer::start(echo).await;
    let credential =
        json!({"kind": "sigv4", "access_key_id": "AKIDEXAMPLE", "secret": "secret", "region": "eu-central-1", "service": "iam"});
    courier(&credential, &peer).await.play("POST /echo {\"a\":1}").await.unwrap();
    let [request] = peer.seen().try_into().unwrap();
    let signature = request.header("authorization");
    assert!(signature.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20"), "{signature}");
    assert!(signature.contains("/eu-central-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature="), "{signature}");
    assert!(!format!("{request:?}").contains(TOKEN), "the key itself stays");
}

#[tokio::test]
async fn tls_holds_or_nothing_is_sent() {
    let (ours, theirs) = (Authority::default(), Authority::default());
    let peer = Peer::start_tls(ours.server("api.internal", None), echo).await;
    let manifest = manifest(&with(&json!({"kind": "bearer", "secret": "secret"})), &[]);
    let at = async |host: &str, roots: &str| {
        let courier = Courier::new(&manifest, &peer.url(host)).await.secret("secret", TOKEN);
        courier.set("roots", roots).play("GET /echo").await
    };
    assert!(at("api.internal", &ours.pem()).await.unwrap().starts_with("200 "));
    for (host, roots) in
        [("api.internal", theirs.pem()), ("other.internal", ours.pem()), ("127.0.0.1", ours.pem()), ("api.internal", String::new())]
    {
        let failure = at(host, &roots).await.unwrap_err();
        assert_eq!(failure.code, "untrusted", "{host}: {failure}");
    }
    assert_eq!(peer.seen().len(), 1);
}

#[tokio::test]
async fn a_client_certificate_opens_the_door() {
    let (servers, clients) = (Authority::default(), Authority::default());
    let peer = Peer::start_tls(servers.server("api.internal", Some(&clients)), echo).await;
    let manifest = manifest(&with(&json!({"kind": "certificate", "certificate": {"setting": "certificate"}, "secret": "secret"})), &[]);
    let with = async |(chain, key): (String, String)| {
        let courier = Courier::new(&manifest, &peer.url("api.internal")).await;
        courier.set("roots", &servers.pem()).set("certificate", &chain).secret("secret", &key).play("GET /echo").await
    };
    assert!(with(clients.issue("broker")).await.unwrap().starts_with("200 "));
    assert!(with(servers.issue("broker")).await.is_err(), "a certificate of somebody else");
    assert_eq!(peer.seen().len(), 1);
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let peer = Peer::start(|seen| match seen.uri.path() {
        "/redirect" => Response::builder().status(302).header("location", "/v1/elsewhere").body(Body::empty()).unwrap(),
        _ => echo(seen),
    })
    .await;
    let credential = json!({"kind": "bearer", "secret": "secret"});
    let seen = courier(&credential, &peer).await.play("GET /redirect").await.unwrap();
    assert!(seen.starts_with("302"), "{seen}");
    assert_eq!(peer.seen().len(), 1);
}

#[tokio::test]
async fn what_an_answer_must_not_carry_is_left_out() {
    let peer = Peer::start(|seen| {
        let response = Response::builder().header("set-cookie", "a=b").header("www-authenticate", "x").header("x-token", TOKEN);
        if seen.uri.path() == "/v1/zip" {
            return response.header("content-encoding", "gzip").body(Body::from("?")).unwrap();
        }
        response.header("location", format!("/?k={TOKEN}")).body(Body::from("ok")).unwrap()
    })
    .await;
    let credential = json!({"kind": "bearer", "secret": "secret"});
    let failure = courier(&credential, &peer).await.play("GET /v1/zip").await.unwrap_err();
    assert_eq!(failure.code, "broken-answer", "what cannot be read cannot be cleaned: {failure}");
    let seen = courier(&credential, &peer).await.play("GET /echo\nheaders").await.unwrap();
    assert!(seen.contains("x-token: (secret)") && seen.contains("location: /?k=(secret)"), "{seen}");
    assert!(!seen.contains("cookie") && !seen.contains("authenticate") && !seen.contains(TOKEN), "{seen}");
}

#[tokio::test]
async fn a_connection_belongs_to_one_target_and_one_credential() {
    let peer = Peer::start(echo).await;
    let section = |api: &Value| {
        let place = |credential: &str| json!({"url": {"setting": "url"}, "credentials": [credential]});
        json!({
            "credentials": {"main": api, "aside": {"kind": "header", "name": "x-key", "secret": "other"}},
            "destinations": {"api": place("main"), "aside": place("aside")},
            "requests": {
                "echo": {"to": "api", "method": "GET", "path": "/echo", "calls": ["apply"]},
                "beside": {"to": "aside", "method": "GET", "path": "/beside", "calls": ["apply"]}
            }
        })
    };
    let manifest = manifest(&section(&json!({"kind": "bearer", "secret": "secret"})), &[]);
    let courier = Courier::new(&manifest, &peer.url("127.0.0.1")).await.secret("secret", TOKEN).secret("other", "another-secret");
    let courier = courier.set("apply", "GET /echo\nGET /echo\nGET /beside\nGET /beside\nGET /echo");
    courier.apply().await.unwrap();
    courier.set("roots", "").apply().await.unwrap();
    let from: Vec<_> = peer.seen().iter().map(|s| s.from).collect();
    let [a, b, c, d, e, f, ..] = from[..] else { panic!("{from:?}") };
    assert!(a == b && b == e, "a warm connection is used again: {from:?}");
    assert!(c == d && c != a, "another credential has another one: {from:?}");
    assert_ne!(f, a, "other settings are another target: {from:?}");
    assert!(peer.seen().iter().all(|s| (s.uri.path() == "/echo") == s.header("x-key").is_empty()), "each has its own credential");
}

#[tokio::test]
async fn what_was_not_declared_does_not_go_out() {
    let peer = Peer::start(echo).await;
    let manifest = manifest(&with(&json!({"kind": "bearer", "secret": "secret"})), &[]);
    for steps in ["DELETE /echo", "GET /elsewhere", "GET /echo?x=1", "GET https://example.com/echo", "POST /v1/x", "GET /v1/%2e%2e"] {
        let courier = Courier::new(&manifest, &peer.url("127.0.0.1")).await.secret("secret", TOKEN);
        let failure = courier.play(steps).await.unwrap_err();
        assert_eq!((failure.kind, failure.effect), (FailureKind::Forbidden, Effect::None), "{steps}: {failure}");
    }
    assert!(peer.seen().is_empty(), "{:?}", peer.seen());
}
