//! `/metrics`: OpenMetrics text. What is counted in the store is read when it is asked for, so that every node says the same.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts as _, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::IntoResponse;
use hallpass_domain::Timestamp;
use hallpass_domain::grant::GrantState;
use hallpass_domain::operation::OperationState;
use hallpass_store::Counts;
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
    state: &'static str,
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
    if !open {
        let Caller(ctx) = Caller::from_request_parts(&mut parts, &app).await?;
        app.broker.may_read_metrics(&ctx)?;
    }
    let counts = app.broker.counts().await?;
    let text = write(&counts, app.broker.targets_down(), app.broker.clock().now(), &app.guard.traffic).map_err(|e| {
        tracing::error!(cause = %e, "the metrics cannot be written");
        Problem::Internal
    })?;
    Ok(([(header::CONTENT_TYPE, MEDIA_TYPE)], text))
}

/// Every state has its series, also where nothing is in it: an alarm on a series that comes and goes is deaf.
fn write(counts: &Counts, targets_down: u64, now: Timestamp, traffic: &Traffic) -> Result<String, std::fmt::Error> {
    let operations = OperationState::ALL.iter().filter(|state| state.is_open());
    let operations = operations.map(|state| (state.as_str(), counts.operations.get(state).copied().unwrap_or(0)));
    let grants = GrantState::ALL.iter().filter(|state| !state.is_final());
    let grants = grants.map(|state| (state.as_str(), counts.grants.get(state).copied().unwrap_or(0)));
    let waiting_ms = counts.unsequenced_since.map_or(0, |since| now.since(since));

    let mut registry = Registry::with_prefix("hallpass");
    registry.register("operations", "Open operations by state", family(operations));
    registry.register("grants", "Grants by state, those that have not ended", family(grants));
    registry.register("grants_overdue", "Grants that should be gone and are not", gauge(counts.overdue));
    registry.register("targets_down", "Targets that do not answer this node", gauge(targets_down));
    registry.register("events_unsequenced", "Events that have no index in the log yet", gauge(counts.unsequenced));
    registry.register("events_unsequenced_oldest_milliseconds", "How long the oldest of them has waited", gauge(waiting_ms));
    registry.register("http_calls", "Calls that this node has answered", (*traffic.0).clone());
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

fn gauge(number: u64) -> Gauge {
    let gauge = Gauge::default();
    gauge.set(i64::try_from(number).unwrap_or(i64::MAX));
    gauge
}

fn family(numbers: impl Iterator<Item = (&'static str, u64)>) -> Family<InState, Gauge> {
    let family = Family::default();
    for (state, number) in numbers {
        let series: &Gauge = &family.get_or_create_owned(&InState { state });
        series.set(i64::try_from(number).unwrap_or(i64::MAX));
    }
    family
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_overdue_is_counted_and_an_empty_state_has_a_series() {
        let mut counts = Counts { overdue: 2, unsequenced: 3, unsequenced_since: Some(Timestamp(1_000)), ..Counts::default() };
        counts.operations.insert(OperationState::Unknown, 7);
        let traffic = Traffic::default();
        traffic.count("/v1/grants/{id}", &Method::GET, StatusCode::OK);
        let text = write(&counts, 5, Timestamp(4_500), &traffic).unwrap();
        for line in [
            "hallpass_grants_overdue 2",
            "hallpass_targets_down 5",
            "hallpass_events_unsequenced 3",
            "hallpass_events_unsequenced_oldest_milliseconds 3500",
            "hallpass_operations{state=\"unknown\"} 7",
            "hallpass_operations{state=\"planned\"} 0",
            "hallpass_grants{state=\"ending\"} 0",
            "hallpass_http_calls_total{route=\"/v1/grants/{id}\",method=\"GET\",status=\"200\"} 1",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is not in:\n{text}");
        }
        assert!(!text.contains("state=\"seen\""), "what has settled is not counted");
    }
}
