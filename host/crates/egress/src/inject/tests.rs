//! What `inject` must do.

use hallpass_domain::secret::SecretText;
use http::{HeaderMap, Method};

use super::*;
use crate::origin::parse_base;

fn head(method: Method, path: &str, query: &[(&str, &str)], headers: &[(&'static str, &str)], body: &str) -> Head {
    let query = query.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let headers: HeaderMap = headers.iter().map(|(n, v)| (http::HeaderName::from_static(n), v.parse().unwrap())).collect();
    Head::new(method, parse_base("https://example.amazonaws.com").unwrap().0, path.to_owned(), query, &headers, body.to_owned().into())
}

fn secret(text: &str) -> SecretText {
    SecretText::new(text.to_owned())
}

fn sent(kind: Kind) -> Head {
    let mut head = head(Method::GET, "/", &[], &[("authorization", "Bearer guest"), ("x-key", "guest")], "");
    Credential { name: "c".to_owned(), kind }.inject(&mut head, Timestamp(0)).unwrap();
    head
}

#[test]
fn each_kind_takes_the_place_of_what_the_caller_said() {
    let authorization = |head: &Head| head.headers.get("authorization").map(|v| v.to_str().unwrap().to_owned());
    let bearer = sent(Kind::Bearer(Bearer { token: secret("t0ken") }));
    assert_eq!(authorization(&bearer).as_deref(), Some("Bearer t0ken"));
    let basic = sent(Kind::Basic(Basic { user: "bob".to_owned(), password: secret("hush") }));
    assert_eq!(authorization(&basic).as_deref(), Some("Basic Ym9iOmh1c2g="));
    let header = sent(Kind::Header(Header { name: "x-key".parse().unwrap(), prefix: "Key ".to_owned(), value: secret("hush") }));
    assert_eq!(header.headers.get_all("x-key").iter().collect::<Vec<_>>(), ["Key hush"]);
    assert_eq!(authorization(&header), None, "what the caller said of itself is gone");
    let query = sent(Kind::Query(Query { name: "key".to_owned(), value: secret("a&b") }));
    assert_eq!(query.target(), "/?key=a%26b");
    assert!(!format!("{:?} {:?}", bearer.headers, header.headers).contains("hush"), "no header prints its secret");
}

/// The suite of AWS for Signature Version 4: 2015-08-30T12:36:00Z, `service`, `us-east-1`.
#[test]
fn sigv4_agrees_with_the_published_vectors() {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let unreserved = "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let vectors: [(Head, &str, &str); 5] = [
        (head(Method::GET, "/", &[], &[], ""), "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        (
            head(Method::GET, "/", &[("Param2", "value2"), ("Param1", "value1")], &[], ""),
            "host;x-amz-date",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            head(Method::GET, unreserved, &[], &[], ""),
            "host;x-amz-date",
            "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
        ),
        (head(Method::POST, "/", &[], &[], ""), "host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            head(Method::POST, "/", &[], &form, "Param1=value1"),
            "content-type;host;x-amz-date",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
    ];
    let keys = || SigV4 {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_key: secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        session_token: None,
        region: "us-east-1".to_owned(),
        service: "service".to_owned(),
    };
    let now = Timestamp::parse("2015-08-30T12:36:00Z").unwrap();
    for (mut head, names, signature) in vectors {
        Credential { name: "aws".to_owned(), kind: Kind::SigV4(Box::new(keys())) }.inject(&mut head, now).unwrap();
        let scope = "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request";
        let wanted = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature={signature}");
        assert_eq!(head.headers.get("authorization").unwrap().to_str().unwrap(), wanted, "{} {}", head.method, head.target());
    }
}

#[test]
fn a_token_endpoint_is_asked_as_rfc_6749_says() {
    let client = |auth| OAuth2 {
        origin: parse_base("https://id.example").unwrap().0,
        path: "/token".to_owned(),
        client_id: "a:b".to_owned(),
        secret: secret("hu/sh"),
        auth,
        fields: vec![("scope".to_owned(), "read write".to_owned())],
    };
    let basic = client(ClientAuth::Basic).request().unwrap();
    assert_eq!(basic.body, "grant_type=client_credentials&scope=read%20write");
    assert_eq!(basic.headers.get("authorization").unwrap(), "Basic YSUzQWI6aHUlMkZzaA==", "both are form-encoded first");
    let form = client(ClientAuth::Form).request().unwrap();
    assert_eq!(form.body, "grant_type=client_credentials&scope=read%20write&client_id=a%3Ab&client_secret=hu%2Fsh");
    assert!(form.headers.get("authorization").is_none());
}

#[test]
fn a_token_is_kept_no_longer_than_it_lasts() {
    let ok = http::StatusCode::OK;
    let read = |body: &str| oauth2::read(ok, body.as_bytes(), Timestamp(1_000_000));
    assert_eq!(read(r#"{"access_token":"t","expires_in":3600}"#).unwrap().until, Timestamp(1_000_000 + 3_570_000));
    assert_eq!(read(r#"{"access_token":"t","expires_in":10}"#).unwrap().until, Timestamp(1_000_000 + 5_000));
    assert_eq!(read(r#"{"access_token":"t","token_type":"Bearer"}"#).unwrap().until, Timestamp(1_000_000 + 270_000));
    assert!(read(r#"{"access_token":"t","token_type":"mac"}"#).is_err());
    assert!(read("{}").is_err());
    assert!(read(&format!(r#"{{"access_token":"{}"}}"#, "t".repeat(16 * 1024 + 1))).is_err(), "all that comes is searched for it");
    let refused = oauth2::read(http::StatusCode::UNAUTHORIZED, br#"{"error":"invalid_client","error_description":"t0p"}"#, Timestamp(0));
    let refused = refused.err().unwrap();
    assert!(refused.contains("401 (invalid_client)") && !refused.contains("t0p"), "{refused}");
}
