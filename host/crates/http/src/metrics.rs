//! `/metrics`: OpenMetrics text. What is counted in the store is read when it is asked for, so that every node says the same.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts as _, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::IntoResponse;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::app::App;
use crate::extract::Caller;
use crate::problem::Problem;

/// The media type of OpenMetrics text.
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Calls that this node has answered.
#[derive(Clone, Default)]
pub(crate) struct Traffic(Arc<Family<Answered, Counter>>);

/// Route templates and methods are closed sets: nobody can make the number of series grow.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    route: String,
    method: &'static str,
    status: u16,
}

impl Traffic {
    pub(crate) fn count(&self, route: &str, method: &Method, status: StatusCode) {
        let method = match *method {
            Method::GET => "GET",
            Method::POST => "POST",
            Method::PUT => "PUT",
            Method::PATCH => "PATCH",
            Method::DELETE => "DELETE",
            Method::HEAD => "HEAD",
            Method::OPTIONS => "OPTIONS",
            _ => "other",
        };
        self.0.get_or_create(&Answered { route: route.to_owned(), method, status: status.as_u16() }).inc();
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InState {
    state: String,
}

/// Read the metrics
///
/// Needs the right to, except, where the operator set it so, from the broker's own machine.
#[utoipa::path(
    get, path = "/metrics", tag = "operation", operation_id = "metrics",
    responses((status = 200, description = "OpenMetrics text", body = String, content_type = "application/openmetrics-text")),
    extensions(("x-hallpass-action" = json!("metrics.read")))
)]
pub(crate) async fn metrics(State(app): State<App>, request: Request) -> Result<impl IntoResponse, Problem> {
    let (mut parts, _) = request.into_parts();
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let open = app.settings.metrics_on_loopback && peer.is_some_and(|ip| ip.is_loopback());
    let counts = if open {
        app.broker.counts().await?
    } else {
        let Caller(ctx) = Caller::from_request_parts(&mut parts, &app).await?;
        app.broker.metrics(&ctx).await?
    };

    let mut registry = Registry::with_prefix("hallpass");
    let states = |counts: &std::collections::BTreeMap<String, i64>| {
        let family = Family::<InState, Gauge>::default();
        for (state, number) in counts {
            family.get_or_create(&InState { state: state.clone() }).set(*number);
        }
        family
    };
    let gauge = |number: i64| {
        let gauge = Gauge::<i64>::default();
        gauge.set(number);
        gauge
    };
    registry.register("operations", "Operations by state", states(&counts.operations));
    registry.register("grants", "Grants by state", states(&counts.grants));
    registry.register("grants_overdue", "Grants that should be gone and are not", gauge(counts.overdue));
    registry.register("events_unsequenced", "Events that have no index in the log yet", gauge(counts.unsequenced));
    registry.register("http_calls", "Calls that this node has answered", (*app.traffic.0).clone());
    let mut text = String::new();
    encode(&mut text, &registry).map_err(|e| {
        tracing::error!(cause = %e, "the metrics cannot be written");
        Problem::Internal
    })?;
    Ok(([(header::CONTENT_TYPE, MEDIA_TYPE)], text))
}
