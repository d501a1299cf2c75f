//! The broker over HTTP: JSON under `/v1`, described by the OpenAPI 3.1 document at `/openapi.json`.
//!
//! A handler does three things: it reads what came (`extract`), calls one use case of the broker, and shows what came of it
//! (`shape` and the noun's own file). It decides nothing: who may do what is asked in the broker, by the use case itself.
//! Every way to fail is a [`Problem`]; nothing else reaches a client.
//!
//! To add a route: a file `v1/<noun>/<verb>.rs` with a `#[utoipa::path]` that names its action, one line in `routes.rs`, one in
//! the committed list of endpoints beside the tests.

mod app;
mod enrol;
mod extract;
mod guard;
mod health;
mod listen;
mod metrics;
mod oauth;
mod openapi;
mod problem;
mod routes;
pub mod shape;
pub mod v1;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hallpass_broker::Broker;

pub use enrol::Enrolment;
pub use health::Readiness;
pub use listen::{Connections, listen};
pub use oauth::{TokenAnswer, TokenError};
pub use openapi::document;
pub use problem::{Kind, Problem, ProblemBody, TYPE_PREFIX};

/// Limits and names of the HTTP side.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What links begin with; no slash at its end.
    pub public_url: String,
    /// The largest body of a call, in bytes.
    pub max_body: usize,
    /// The largest connector file, in bytes.
    pub connector_max_body: usize,
    /// After this long a caller is told that no answer came. What the call began is finished all the same.
    pub request_timeout: Duration,
    /// Whether `/metrics` may be read without a token from the loopback address. Not for a broker behind a proxy on the same
    /// machine: there every caller comes from loopback.
    pub metrics_on_loopback: bool,
}

impl Settings {
    /// The settings of a broker at this address; everything else by default.
    pub fn at(public_url: &str) -> Self {
        Self {
            public_url: public_url.trim_end_matches('/').to_owned(),
            max_body: 256 * 1024,
            connector_max_body: 32 * 1024 * 1024,
            request_timeout: Duration::from_mins(1),
            metrics_on_loopback: false,
        }
    }
}

/// The whole service. Serve it with [`listen`], or loopback is never recognised.
pub fn router(broker: Arc<Broker>, settings: Settings) -> Router {
    routes::router(broker, settings)
}
