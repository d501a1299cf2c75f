//! Logs: to standard error, for people or as JSON. Secrets have types that cannot be printed, so none gets here.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// The log cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("server.log: {0:?} is no level and no list of directives: write one such as info, or info,hallpass_broker=debug")]
pub struct TelemetryError(String);

/// Begins to log. A second call in one process changes nothing: tests run several brokers.
pub fn start(directives: &str, json: bool) -> Result<(), TelemetryError> {
    let filter = EnvFilter::try_new(directives).map_err(|_| TelemetryError(directives.to_owned()))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Someone logs already: leave it to them.
    let _ = if json { builder.json().try_init() } else { builder.with_ansi(std::io::stderr().is_terminal()).try_init() };
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn directives_that_mean_nothing_are_refused() {
        assert!(super::start("info,hallpass_broker=debug", false).is_ok());
        assert!(super::start("info,hallpass=loudly", false).err().unwrap().to_string().contains("loudly"));
    }
}
