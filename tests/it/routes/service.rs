//! The service in process: a broker with its people, and calls to it without a socket.

use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode, header};
use hallpass_domain::rng::SystemRng;
use hallpass_keyring::ClientKeys;
use hallpass_tests::Bed;
use hallpass_tests::app::{PUBLIC_URL, TestApp};
use hallpass_tokens::assertion;
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// Larger than any answer in these tests, in bytes.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// A service and the broker behind it.
pub(crate) struct Service {
    /// The broker and its people.
    pub(crate) app: TestApp,
    router: Router,
}

impl Service {
    /// A new one with default limits.
    pub(crate) async fn new(bed: Bed) -> Self {
        Self::with(bed, hallpass_http::Settings::at(PUBLIC_URL)).await
    }

    /// A new one.
    pub(crate) async fn with(bed: Bed, settings: hallpass_http::Settings) -> Self {
        let app = TestApp::new(bed).await;
        let router = hallpass_http::router(app.broker.clone(), settings);
        Self { app, router }
    }

    /// Gets a session token as a client does.
    pub(crate) async fn sign_in(&self, who: &str) -> String {
        let answer = self.token_call(self.app.assertion(who).expose()).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// A user whom nobody gave anything: no group, no grant, nothing owned. Gives a session token.
    pub(crate) async fn stranger(&self) -> String {
        let admin = self.sign_in("admin").await;
        let added =
            self.call("POST", "/v1/principals").token(&admin).json(&json!({"kind": "user", "name": "stranger"})).send().await.json();
        let path = added["link"].as_str().unwrap().strip_prefix(PUBLIC_URL).unwrap();
        let keys = ClientKeys::generate(&SystemRng).unwrap();
        let proof = keys.enrolment_proof(path.strip_prefix("/enrol/").unwrap());
        let body = json!({ "signing_key": keys.signing_public(), "recipient_key": keys.recipient_public(), "proof": proof });
        let id = self.call("POST", path).json(&body).send().await.json()["id"].as_str().unwrap().to_owned();
        let now = self.app.broker.clock().now();
        let assertion = assertion::create(keys.signer(), &id, PUBLIC_URL, now, &SystemRng).unwrap();
        self.token_call(assertion.expose()).await.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// The call that gets a session token.
    pub(crate) async fn token_call(&self, assertion: &str) -> Answer {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion),
        ];
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.call("POST", "/oauth/token").body("application/x-www-form-urlencoded", form).send().await
    }

    /// A call that is to be made.
    pub(crate) fn call(&self, method: &str, path: &str) -> Call<'_> {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        Call { service: self, request }
    }
}

/// A call.
pub(crate) struct Call<'a> {
    service: &'a Service,
    request: Request<Body>,
}

impl Call<'_> {
    /// With a session token.
    pub(crate) fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// With a header.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.request.headers_mut().append(name, value.parse().unwrap());
        self
    }

    /// From this address.
    pub(crate) fn from(mut self, address: &str) -> Self {
        self.request.extensions_mut().insert(ConnectInfo(address.parse::<SocketAddr>().unwrap()));
        self
    }

    /// With a body.
    pub(crate) fn body(mut self, content_type: &str, body: impl Into<Body>) -> Self {
        self.request.headers_mut().insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        *self.request.body_mut() = body.into();
        self
    }

    /// With a JSON body.
    pub(crate) fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// Makes it.
    pub(crate) async fn send(self) -> Answer {
        let response = self.service.router.clone().oneshot(self.request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer { status: parts.status, headers: parts.headers, bytes: to_bytes(body, MOST_BYTES).await.unwrap().to_vec() }
    }
}

/// What came back.
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: StatusCode,
    headers: HeaderMap,
    bytes: Vec<u8>,
}

impl Answer {
    /// A header, empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    /// The problem's word, after a look at what every problem has.
    pub(crate) fn problem(&self) -> String {
        let body = self.json();
        assert_eq!(self.header("content-type"), "application/problem+json", "{body}");
        assert_eq!(body["status"], self.status.as_u16(), "{body}");
        assert!(body["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty()), "{body}");
        body["type"].as_str().unwrap().trim_start_matches("urn:hallpass:problem:").to_owned()
    }
}
