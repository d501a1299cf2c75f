//! What every handler can reach.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::FromRef;
use hallpass_broker::Broker;

use crate::Settings;
use crate::metrics::Traffic;

/// Shared by all handlers. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) broker: Arc<Broker>,
    pub(crate) settings: Arc<Settings>,
    /// The OpenAPI document as JSON, made once.
    pub(crate) document: Arc<str>,
    pub(crate) traffic: Traffic,
    served: Arc<AtomicU64>,
}

impl App {
    pub(crate) fn new(broker: Arc<Broker>, settings: Settings, document: String) -> Self {
        Self { broker, settings: Arc::new(settings), document: document.into(), traffic: Traffic::default(), served: Arc::default() }
    }

    /// The id of the next call: unique in this process, and not to be guessed from outside, because nothing depends on it.
    pub(crate) fn next_call(&self) -> String {
        format!("call-{}", self.served.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// The largest bodies, in bytes. The extractors know no more of the settings than this.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) body: usize,
    pub(crate) connector: usize,
}

impl FromRef<App> for Limits {
    fn from_ref(app: &App) -> Self {
        Self { body: app.settings.max_body, connector: app.settings.connector_max_body }
    }
}
