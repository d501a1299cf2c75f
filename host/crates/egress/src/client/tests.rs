//! What `client` must do.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

use serde_json::json;

use super::*;

/// Answers one connection with these bytes, and gives back what it was sent.
fn server(answer: Vec<u8>) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let served = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let request = request(&mut stream);
        // The client may hang up first: that is its right.
        let _ = stream.write_all(&answer);
        request
    });
    (base, served)
}

/// Reads head and body of a request.
fn request(stream: &mut TcpStream) -> String {
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&seen).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
            if body.len() >= length {
                return String::from_utf8(seen).unwrap();
            }
        }
        let count = stream.read(&mut buffer).unwrap();
        if count == 0 {
            return String::from_utf8(seen).unwrap();
        }
        seen.extend_from_slice(&buffer[..count]);
    }
}

fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}", body.len()).into_bytes()
}

async fn get(answer: Vec<u8>) -> Result<Value, EgressError> {
    let (base, served) = server(answer);
    let result = Client::new(&base, Duration::from_secs(20)).unwrap().json(Method::GET, "/v1/grants", None, Body::None).await;
    served.join().unwrap();
    result
}

#[tokio::test]
async fn a_call_carries_its_token_and_body_and_brings_json_back() {
    let (base, served) = server(answer("201 Created", "", r#"{"id":"gr_1"}"#));
    let client = Client::new(&format!("{base}/"), Duration::from_secs(20)).unwrap();
    let token = SecretText::new("opaque".to_owned());
    let body = json!({"reason": "done"});
    let value = client.json(Method::POST, "/v1/grants/gr_1/revoke?x=1", Some(&token), Body::Json(&body)).await.unwrap();
    assert_eq!(value["id"], "gr_1");
    let sent = served.join().unwrap();
    assert!(sent.starts_with("POST /v1/grants/gr_1/revoke?x=1 HTTP/1.1"), "{sent}");
    assert!(sent.contains("authorization: Bearer opaque") && sent.ends_with(r#"{"reason":"done"}"#), "{sent}");
}

#[tokio::test]
async fn a_form_is_encoded_and_an_empty_answer_is_null() {
    let (base, served) = server(answer("204 No Content", "", ""));
    let client = Client::new(&base, Duration::from_secs(20)).unwrap();
    let value = client.json(Method::POST, "/oauth/token", None, Body::Form(&[("a", "x&y=z"), ("b", "ü")])).await.unwrap();
    assert_eq!(value, Value::Null);
    let sent = served.join().unwrap();
    assert!(sent.ends_with("a=x%26y%3Dz&b=%C3%BC") && sent.contains("application/x-www-form-urlencoded"), "{sent}");
    assert!(!sent.to_lowercase().contains("authorization"), "{sent}");
}

#[tokio::test]
async fn a_refusal_is_a_problem_with_its_remedy() {
    let body = r#"{"type":"about:blank","title":"Too long","status":422,"detail":"an hour is asked, 30 minutes are the most","remedy":"Ask for 30m."}"#;
    let error = get(answer("422 Unprocessable Content", "content-type: application/problem+json\r\n", body)).await.unwrap_err();
    let EgressError::Refused(problem) = &error else { panic!("{error}") };
    assert_eq!((problem.status, problem.title.as_str(), problem.remedy.as_deref()), (422, "Too long", Some("Ask for 30m.")));
    assert_eq!(error.to_string(), "an hour is asked, 30 minutes are the most. Ask for 30m.");
}

#[tokio::test]
async fn an_oauth_error_and_a_bare_status_are_problems_too() {
    let oauth =
        get(answer("401 Unauthorized", "", r#"{"error":"invalid_client","error_description":"the key is unknown"}"#)).await.unwrap_err();
    assert_eq!(oauth.to_string(), "the key is unknown");
    let bare = get(answer("502 Bad Gateway", "", "<html>oops\u{1b}[31m</html>")).await.unwrap_err();
    assert_eq!(bare.to_string(), "the answer was 502 Bad Gateway, without a reason");
}

#[tokio::test]
async fn the_broker_cannot_steer_the_terminal() {
    let error = get(answer("400 Bad Request", "", r#"{"title":"x","detail":"a\u001b[2Jb"}"#)).await.unwrap_err();
    assert!(!error.to_string().contains('\u{1b}'), "{error:?}");
}

#[tokio::test]
async fn a_redirect_is_named_and_not_followed() {
    let error = get(answer("307 Temporary Redirect", "location: https://evil.example/\r\n", "")).await.unwrap_err();
    assert!(matches!(&error, EgressError::Redirected { to, .. } if to == "https://evil.example/"), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_too_long_or_no_json_is_unreadable() {
    let long = "x".repeat(MAX_ANSWER_BYTES + 1);
    assert!(matches!(get(answer("200 OK", "", &long)).await, Err(EgressError::Unreadable { .. })));
    assert!(matches!(get(answer("200 OK", "", "<html>")).await, Err(EgressError::Unreadable { .. })));
    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{}".to_vec();
    assert!(matches!(get(cut).await, Err(EgressError::Unreadable { .. })));
}

#[tokio::test]
async fn nobody_there_and_no_answer_are_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let client = Client::new(&base, Duration::from_millis(200)).unwrap();
    // The listener accepts in the kernel and never answers.
    let silent = client.json(Method::GET, "/", None, Body::None).await;
    assert!(matches!(silent, Err(EgressError::TimedOut { .. })), "{silent:?}");
    drop(listener);
    let gone = client.json(Method::GET, "/enrol/one-time-token", None, Body::None).await.unwrap_err();
    assert!(matches!(gone, EgressError::Unreachable { .. }), "{gone:?}");
    assert!(!gone.to_string().contains("one-time-token"), "{gone}");
}

#[tokio::test]
async fn a_path_does_not_leave_the_address() {
    let client = Client::new("http://127.0.0.1:9", Duration::from_secs(20)).unwrap();
    for path in ["", "v1", "@evil.example/", ".evil.example/", "https://evil.example/"] {
        let refused = client.json(Method::GET, path, None, Body::None).await;
        assert!(matches!(refused, Err(EgressError::Address(_))), "{path}: {refused:?}");
    }
}

#[test]
fn plain_http_to_another_machine_is_refused() {
    assert!(matches!(Client::new("http://hallpass.example", Duration::from_secs(1)), Err(EgressError::Address(_))));
}

#[test]
fn an_https_client_is_made_or_says_what_this_machine_lacks() {
    match Client::new("https://hallpass.example/broker/", Duration::from_secs(1)) {
        Ok(client) => assert_eq!(client.url("/v1/me").unwrap().as_str(), "https://hallpass.example/broker/v1/me"),
        Err(error) => assert!(error.to_string().contains("ca-certificates"), "{error}"),
    }
}
