//! Laws of strict JSON.

use axum::body::Body;
use axum::http::Request;
use serde::Deserialize;

use super::*;
use crate::shape::SecretInput;

const LIMITS: Limits = Limits { body: 200, connector: 8 };

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Outer {
    name: hallpass_domain::name::Name,
    count: u32,
    #[serde(default)]
    inner: Option<Inner>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inner {
    deep: Vec<u8>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Settable {
    #[serde(default)]
    #[expect(dead_code, reason = "only whether it can be read is asked")]
    secret: Option<SecretInput>,
}

fn request(content_type: &str, body: &str) -> Request<Body> {
    Request::builder().header("content-type", content_type).body(Body::from(body.to_owned())).unwrap()
}

async fn strict(body: &str) -> Result<Outer, Problem> {
    Strict::<Outer>::from_request(request("application/json", body), &LIMITS).await.map(|Strict(v)| v)
}

#[tokio::test]
async fn what_fits_is_read() {
    let outer = strict(r#"{"name":"a","count":3,"inner":{"deep":[1,2]}}"#).await.unwrap();
    assert_eq!((outer.name.as_str(), outer.count), ("a", 3));
    assert_eq!(outer.inner.unwrap().deep, [1, 2]);
}

#[tokio::test]
async fn text_that_is_no_json_is_refused_with_its_position() {
    for (body, at) in [
        ("{\"name\":\"a\",\n \"count\":}", (2, 10)),
        ("", (1, 0)),
        ("{\"name\":\"a\"", (1, 11)),
        ("{\"name\":\"a\",\"count\":1} x", (1, 24)),
        ("{\"name\":\"a\",\"count\":1}{}", (1, 23)),
    ] {
        let problem = strict(body).await.unwrap_err();
        assert!(matches!(problem, Problem::MalformedJson { line, column, .. } if (line, column) == at), "{body}: {problem:?}");
    }
}

#[tokio::test]
async fn json_that_does_not_fit_is_refused_with_its_field() {
    for (body, named, said) in [
        (r#"{"name":"a","count":1,"cuont":2}"#, "cuont", "not known"),
        (r#"{"name":"a"}"#, "count", "missing"),
        (r#"{"name":"a","count":"one"}"#, "count", "must be a whole number from 0 to 4294967295"),
        (r#"{"name":"a","count":-1}"#, "count", "must be a whole number"),
        (r#"{"name":"a","count":1,"count":2}"#, "count", "twice"),
        (r#"{"name":"a\nb","count":1}"#, "name", "must be 1 to 64 characters"),
        (r#"{"name":"a","count":1,"inner":{"deep":[1,999]}}"#, "inner.deep[1]", "must be a whole number from 0 to 255"),
        (r#"{"name":"a","count":1,"inner":{"deep":[],"other":1}}"#, "inner.other", "not known"),
    ] {
        let problem = strict(body).await.unwrap_err();
        let Problem::WrongBody { field, reason, line: 1, .. } = &problem else { panic!("{body}: {problem:?}") };
        assert_eq!(field.as_deref(), Some(named), "{body}");
        assert!(reason.contains(said), "{body}: {reason}");
    }
}

#[tokio::test]
async fn a_value_that_was_sent_is_never_repeated() {
    for body in [
        r#"{"name":"a","count":"hunter2"}"#,
        r#"{"name":"hunter2 hunter2","count":1}"#,
        r#"{"name":["hunter2"],"count":1}"#,
        r#""hunter2""#,
    ] {
        let text = format!("{:?}", strict(body).await.unwrap_err());
        assert!(!text.contains("hunter2"), "{text}");
    }
    for body in [r#"{"secret":4711}"#, r#"{"secret":["4711"]}"#, r#"{"secret":{"4711":"4711"}}"#, r#"{"secret":4711.5}"#] {
        let Err(problem) = Strict::<Settable>::from_request(request("application/json", body), &LIMITS).await else { panic!("{body}") };
        assert!(!format!("{problem:?}").contains("4711"), "{problem:?}");
    }
}

#[tokio::test]
async fn only_json_in_utf_8_is_read() {
    let good = r#"{"name":"a","count":1}"#;
    for content_type in ["application/json", "Application/JSON; charset=UTF-8", "application/json;charset=\"utf-8\""] {
        assert!(Strict::<Outer>::from_request(request(content_type, good), &LIMITS).await.is_ok(), "{content_type}");
    }
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "application/jsonx", ""] {
        let refused = Strict::<Outer>::from_request(request(content_type, good), &LIMITS).await;
        assert!(matches!(refused, Err(Problem::WrongContentType { expected: "application/json" })), "{content_type}");
    }
    let invalid =
        Request::builder().header("content-type", "application/json").body(Body::from(&b"{\"name\":\"\xff\",\"count\":1}"[..])).unwrap();
    assert!(matches!(Strict::<Outer>::from_request(invalid, &LIMITS).await, Err(Problem::MalformedJson { .. })));
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_whether_it_says_so_or_not() {
    let long = format!("{{\"name\":\"{}\",\"count\":1}}", "a".repeat(500));
    assert!(matches!(strict(&long).await, Err(Problem::TooLarge { limit: 200 })));
    let mut honest = request("application/json", "{}");
    honest.headers_mut().insert("content-length", "201".parse().unwrap());
    assert!(matches!(Strict::<Outer>::from_request(honest, &LIMITS).await, Err(Problem::TooLarge { limit: 200 })));
    let deep = "[".repeat(190);
    assert!(matches!(strict(&deep).await, Err(Problem::MalformedJson { .. } | Problem::WrongBody { .. })));
}

#[tokio::test]
async fn an_optional_body_may_be_missing_but_not_wrong() {
    let empty = Request::builder().body(Body::empty()).unwrap();
    assert!(OrDefault::<Settable>::from_request(empty, &LIMITS).await.is_ok());
    assert!(OrDefault::<Settable>::from_request(request("application/json", "{}"), &LIMITS).await.is_ok());
    let wrong = OrDefault::<Settable>::from_request(request("application/json", r#"{"other":1}"#), &LIMITS).await;
    assert!(matches!(wrong, Err(Problem::WrongBody { .. })));
    let form = OrDefault::<Settable>::from_request(request("text/plain", "secret=x"), &LIMITS).await;
    assert!(matches!(form, Err(Problem::WrongContentType { .. })));
}

#[tokio::test]
async fn a_connector_file_has_its_own_type_and_limit() {
    assert_eq!(WasmFile::from_request(request("application/wasm", "\0asm"), &LIMITS).await.unwrap().0, "\0asm");
    assert!(matches!(
        WasmFile::from_request(request("application/octet-stream", "\0asm"), &LIMITS).await,
        Err(Problem::WrongContentType { expected: "application/wasm" })
    ));
    assert!(matches!(WasmFile::from_request(request("application/wasm", "123456789"), &LIMITS).await, Err(Problem::TooLarge { limit: 8 })));
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up() {
    let endless = in_time(Duration::ZERO, std::future::pending());
    assert!(matches!(endless.await, Err(Problem::BrokenBody)));
    let whole = in_time(Duration::from_mins(1), async { read(&HeaderMap::new(), Body::from("whole"), 8).await });
    assert_eq!(whole.await.unwrap(), "whole");
}
