//! Waiting for what the broker does by itself: it is asked again and again, at ease.

use std::time::Duration;

use hallpass_broker::SystemClock;
use hallpass_domain::{Clock, Timestamp};
use serde_json::Value;

use super::api::{Api, ClientError};
use super::document::Look as _;

const BETWEEN_MS: u64 = 150;

/// Until when somebody waits.
#[derive(Debug, Clone, Copy)]
pub struct Until(Timestamp);

impl Until {
    /// From now on for this long.
    pub fn within(length: Duration) -> Self {
        Self(SystemClock.now().plus(u64::try_from(length.as_millis()).unwrap_or(u64::MAX)))
    }

    /// Whether there is time left.
    pub fn is_ahead(&self) -> bool {
        SystemClock.now() < self.0
    }

    /// Waits a moment before something is looked at again.
    pub async fn pause() {
        SystemClock.sleep_until(SystemClock.now().plus(BETWEEN_MS)).await;
    }
}

impl Api {
    /// Waits until a request is pending no more.
    pub async fn decided(&self, request: &str, until: &Until) -> Result<Value, ClientError> {
        self.watch(until, "the request is still pending", || self.request(request), |r| r.word("state") != "pending").await
    }

    /// Waits until a grant is active, or has ended otherwise.
    pub async fn settled(&self, grant: &str, until: &Until) -> Result<Value, ClientError> {
        self.watch(until, "the grant is still activating", || self.grant(grant), |g| g.word("state") != "activating").await
    }

    /// Waits until the access of a grant was seen to be gone.
    pub async fn gone(&self, grant: &str, until: &Until) -> Result<Value, ClientError> {
        self.grant_becomes(grant, until, "the access is not seen to be gone yet; the broker goes on trying", |g| {
            matches!(g.word("state"), "ended" | "revoked" | "superseded" | "failed")
        })
        .await
    }

    /// Waits until a grant is as wished; `otherwise` is what is said when time runs out.
    pub async fn grant_becomes(
        &self,
        grant: &str,
        until: &Until,
        otherwise: &str,
        wish: impl Fn(&Value) -> bool,
    ) -> Result<Value, ClientError> {
        self.watch(until, otherwise, || self.grant(grant), wish).await
    }

    async fn watch<F: Future<Output = Result<Value, ClientError>>>(
        &self,
        until: &Until,
        otherwise: &str,
        ask: impl Fn() -> F,
        wish: impl Fn(&Value) -> bool,
    ) -> Result<Value, ClientError> {
        loop {
            let seen = ask().await?;
            if wish(&seen) {
                return Ok(seen);
            }
            if self.now() >= until.0 {
                let failure = seen.at("last_failure").as_str().map(|text| format!(" (last failure: {text})")).unwrap_or_default();
                return Err(ClientError::TooSlow(format!("{otherwise}{failure}")));
            }
            self.pause(BETWEEN_MS).await;
        }
    }
}
