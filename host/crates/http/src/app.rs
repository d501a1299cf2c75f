//! What every handler can reach.

use std::sync::Arc;

use axum::extract::FromRef;
use hallpass_broker::Broker;
use tokio::sync::Semaphore;

use crate::Settings;
use crate::guard::Guard;

/// Shared by all handlers. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) broker: Arc<Broker>,
    pub(crate) settings: Arc<Settings>,
    /// The OpenAPI document as JSON, made once.
    pub(crate) document: Arc<str>,
    pub(crate) guard: Guard,
    /// One connector's file arrives at a time.
    pub(crate) uploads: Arc<Semaphore>,
}

impl App {
    pub(crate) fn new(broker: Arc<Broker>, settings: Settings, document: String) -> Self {
        let guard = Guard::new(settings.request_timeout);
        Self { broker, settings: Arc::new(settings), document: document.into(), guard, uploads: Arc::new(Semaphore::new(1)) }
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
