//! What `egress` must do.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Mutex;

use hallpass_domain::clock::ManualClock;
use hallpass_domain::ids::TargetId;
use hallpass_domain::rng::SystemRng;

use super::*;
use crate::inject::{ClientAuth, Credential};
use crate::limits::Bounds;
use crate::path::Segment;
use crate::policy::{Allowed, Rule};

/// Answers every connection once with a token, and keeps the heads of what came.
fn server() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            let mut buffer = [0; 4096];
            while !head.windows(4).any(|w| w == b"\r\n\r\n") {
                let count = stream.read(&mut buffer).unwrap();
                head.extend_from_slice(&buffer[..count]);
            }
            let head = String::from_utf8_lossy(&head);
            kept.lock().unwrap().push(head.lines().next().unwrap_or_default().to_owned());
            let body = r#"{"access_token":"access-token-1","expires_in":3600}"#;
            let length = body.len();
            let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
        }
    });
    (base, seen)
}

fn allowance(target: &TargetId, base: &str, scope: &str, deadline: Timestamp) -> Arc<Allowance> {
    let (origin, base_path) = crate::origin::parse_base(base).unwrap();
    let client = OAuth2 {
        origin: origin.clone(),
        path: "/token".to_owned(),
        client_id: "broker".to_owned(),
        secret: SecretText::new("hush-hush".to_owned()),
        auth: ClientAuth::Basic,
        fields: vec![("scope".to_owned(), scope.to_owned())],
    };
    let credential = Credential { name: "main".to_owned(), kind: Kind::OAuth2(Box::new(client)) };
    let rule = Rule {
        name: "read".to_owned(),
        method: Method::GET,
        path: vec![Segment::exact("read")],
        query: std::collections::BTreeMap::default(),
        places: vec![],
        captures: vec![],
    };
    let destination = Destination {
        name: "api".to_owned(),
        origin,
        base: base_path,
        roots: None,
        credentials: vec![Arc::new(credential)],
        rules: vec![rule],
    };
    Arc::new(Allowance::new(Allowed {
        target: target.clone(),
        revision: 1,
        destinations: vec![destination],
        network: vec![base.parse().unwrap()],
        deadline,
        bounds: Bounds::default(),
        secrets: vec![],
        stage: None,
    }))
}

#[tokio::test]
async fn a_token_is_not_that_of_another_version_of_the_connector() {
    let clock = ManualClock::new(Timestamp(1_000_000));
    let egress = Egress::new(Arc::new(clock));
    let target = TargetId::new(Timestamp(0), &SystemRng).unwrap();
    let (base, seen) = server();
    for scope in ["members", "members", "everything", "members"] {
        let allowance = allowance(&target, &base, scope, Timestamp(1_060_000));
        let request = Request {
            method: Method::GET,
            uri: format!("{base}/read").parse().unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            secrets: vec![],
        };
        let answer = egress.send(&allowance, request, Timeouts::default(), &Unwatched).await.unwrap();
        assert_eq!(answer.body.read().await.unwrap(), r#"{"access_token":"(secret)","expires_in":3600}"#);
    }
    let fetches = seen.lock().unwrap().iter().filter(|line| line.starts_with("POST /token ")).count();
    assert_eq!(fetches, 2, "one for each scope");
}

#[test]
fn a_connection_is_not_that_of_another_trust() {
    let shown = |chain: &str, key: &str| tls::Certificate { chain: chain.to_owned(), key: SecretText::new(key.to_owned()) };
    let all = [
        tls::fingerprint(None, None),
        tls::fingerprint(Some("roots"), None),
        tls::fingerprint(None, Some(&shown("chain", "key"))),
        tls::fingerprint(None, Some(&shown("chain", "other"))),
        tls::fingerprint(None, Some(&shown("chai", "nkey"))),
    ];
    assert_eq!(all.iter().collect::<std::collections::HashSet<_>>().len(), all.len());
    assert_eq!(tls::fingerprint(Some("roots"), None), tls::fingerprint(Some("roots"), None));
}
