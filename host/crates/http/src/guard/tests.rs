//! Laws of what surrounds a call.

use std::io;
use std::sync::Mutex;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Path;
use axum::http::{Request, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::routing::post;
use tokio::sync::Notify;
use tower::ServiceExt as _;
use tracing_subscriber::fmt::MakeWriter;

use super::*;

fn guarded(router: Router, limit: Duration) -> Router {
    router.layer(from_fn_with_state(Guard::new(limit), guard))
}

async fn call(router: Router, request: Request<Body>) -> (StatusCode, String) {
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    let status = response.status();
    let bytes = to_bytes(response.into_body(), 10_000).await.unwrap();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

fn to(path: &str) -> Request<Body> {
    Request::builder().method("POST").uri(path).header("authorization", "Bearer HEADER-SECRET").body(Body::from("BODY-SECRET")).unwrap()
}

#[tokio::test]
async fn a_panic_is_a_problem_that_says_nothing_of_its_cause() {
    let handler = async |body: String| assert!(body.is_empty(), "PANIC-SECRET");
    let router = Router::new().route("/", post(handler));
    let (status, body) = call(guarded(router, Duration::from_mins(1)), to("/")).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(body.contains("urn:hallpass:problem:internal") && !body.contains("PANIC-SECRET"), "{body}");
}

#[tokio::test]
async fn a_call_that_is_too_slow_for_its_caller_is_finished_all_the_same() {
    let (go, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let handler = {
        let (go, done) = (Arc::clone(&go), Arc::clone(&done));
        async move || {
            go.notified().await;
            done.notify_one();
        }
    };
    let (status, body) = call(guarded(Router::new().route("/", post(handler)), Duration::ZERO), to("/")).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.contains("urn:hallpass:problem:timed-out"), "{body}");
    go.notify_one();
    done.notified().await;
}

#[tokio::test]
async fn whoever_loads_a_file_waits_longer_than_others() {
    let go = Arc::new(Notify::new());
    let loads = {
        let go = Arc::clone(&go);
        async move || go.notified().await
    };
    let router = Router::new().route("/v1/connectors", post(loads)).route("/v1/targets", post(std::future::pending::<()>));
    let router = guarded(router, Duration::ZERO);
    let other = async {
        let answered = call(router.clone(), to("/v1/targets")).await;
        go.notify_one();
        answered
    };
    let (loaded, other) = tokio::join!(call(router.clone(), to("/v1/connectors")), other);
    assert_eq!((loaded.0, other.0), (StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE));
}

/// Everything that is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn neither_path_nor_query_nor_header_nor_body_is_logged() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
    let _installed = tracing::subscriber::set_default(subscriber);
    let handler = async |Path(token): Path<String>| {
        tracing::info!("handled");
        assert_eq!(token, "PATH-SECRET");
    };
    let router = guarded(Router::new().route("/enrol/{token}", post(handler)), Duration::from_mins(1));
    let (status, _) = call(router, to("/enrol/PATH-SECRET?q=QUERY-SECRET")).await;
    assert_eq!(status, StatusCode::OK);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("handled") && text.contains("/enrol/{token}"), "{text}");
    assert!(!text.contains("SECRET"), "{text}");
}
