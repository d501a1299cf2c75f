//! The clock of a running broker.

use hallpass_domain::clock::{Clock, Sleep, Timestamp};

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for the time")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that waits for the system's time")]
    fn sleep_until(&self, deadline: Timestamp) -> Sleep {
        let length = deadline.since(self.now());
        Box::pin(tokio::time::sleep(std::time::Duration::from_millis(length)))
    }
}
