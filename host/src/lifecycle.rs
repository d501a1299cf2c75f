//! Start and stop of a broker: everything in order, ready said once, and a stop that first finishes what is in flight.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use hallpass_broker::{Broker, SystemClock};
use hallpass_domain::failpoint::{self, Failpoint};
use hallpass_domain::rng::SystemRng;
use hallpass_domain::{Clock, Rng, Timestamp};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Environment};
use crate::wiring;

/// After a signal, work in flight has this long to finish, in milliseconds.
const SOFT_STOP_MS: u64 = 20_000;
/// In a data folder: it was made to be thrown away.
const THROWAWAY: &str = "throwaway";

/// What only tests and the demo ask for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trial {
    /// Mark a new data folder as one that nothing depends on.
    pub throwaway: bool,
    /// Die at this point.
    pub fail_at: Option<Failpoint>,
    /// End when standard input ends.
    pub with_parent: bool,
}

/// A broker that takes calls.
pub struct Ready {
    /// The address that clients use.
    pub url: String,
    /// Its data folder.
    pub data: PathBuf,
    /// The folder of its policies; `None`: only the built-in ones are in force.
    pub policies: Option<PathBuf>,
    /// At the first start: the administrator's enrolment.
    pub invitation: Option<FirstInvitation>,
}

/// The administrator's one-time link. It is shown once and stored nowhere.
pub struct FirstInvitation {
    /// The link.
    pub link: String,
    /// How long it is good.
    pub expires: Timestamp,
}

/// Runs a broker until a signal stops it. `ready` is told when it takes calls.
///
/// The first SIGINT or SIGTERM takes no new calls and finishes what is in flight; a second one, or twenty seconds, ends it
/// at once. Nothing is lost by that: every intent is durable before it is acted upon.
pub async fn serve(
    config: &Config,
    environment: &Environment,
    trial: Trial,
    ready: impl FnOnce(Ready) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let rng: Arc<dyn Rng> = Arc::new(SystemRng);
    // What the server writes is its user's alone: the database, its journal, the checkpoint.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    admit(&config.server.data, config.store.postgres_url.is_none(), trial)?;
    // A write past a limit on file sizes is an error that the store answers for, not the end of the process.
    let _file_size = signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?;
    // Before anything is made: whoever chose a port that is taken has nothing to tidy up.
    let listener = TcpListener::bind(config.server.listen).await.with_context(|| {
        format!("cannot listen on {}: choose another address with --listen, or stop what listens there", config.server.listen)
    })?;
    if trial.throwaway {
        mark(&config.server.data)?;
    }
    let store = wiring::open_store(config, Arc::clone(&clock), Arc::clone(&rng)).await?;
    let url = match &config.server.public_url {
        Some(url) => url.clone(),
        None => format!("http://{}", listener.local_addr()?),
    };
    let wired = wiring::wire(config, environment, store.clone(), &url, Arc::clone(&clock), rng).await?;
    if let Some(point) = trial.fail_at {
        failpoint::arm(point);
    }
    let broker = Arc::clone(&wired.broker);
    let invitation =
        broker.first_enrolment().await?.map(|i| FirstInvitation { link: format!("{url}/enrol/{}", i.token.expose()), expires: i.expires });
    // The socket listens already, so whoever reads this may call. A process that is to fail somewhere may do so in its first moment of work.
    ready(Ready { url, data: config.server.data.clone(), policies: config.policies.dir.clone(), invitation })?;
    let stop = CancellationToken::new();
    let mut engine = tokio::spawn({
        let (broker, stop) = (Arc::clone(&broker), stop.clone());
        async move { broker.run(stop).await }
    });
    let mut server = tokio::spawn({
        let (router, stop) = (wired.router, stop.clone());
        hallpass_http::listen(listener, router, hallpass_http::Connections::default(), stop)
    });
    tokio::select! {
        signal = wait_for_signal() => signal?,
        () = orphaned(), if trial.with_parent => bail!("the process that started this broker is gone"),
        _ = &mut engine => bail!("the engine stopped in an unforeseen way; the log says why. Start the broker again"),
        _ = &mut server => bail!("the server stopped in an unforeseen way; the log says why. Start the broker again"),
    }
    tracing::info!("stopping: no new calls, work in flight is finished; a second signal stops at once");
    stop.cancel();
    tokio::select! {
        (engine, server) = async { tokio::join!(engine, server) } => {
            engine.context("the engine stopped in an unforeseen way")?;
            server.context("the server stopped in an unforeseen way")?.context("the server failed")?;
        }
        () = clock.sleep_until(clock.now().plus(SOFT_STOP_MS)) => tracing::warn!("work in flight did not finish in time; it is taken up at the next start"),
        signal = wait_for_signal() => signal?,
    }
    close(broker, store).await;
    Ok(())
}

async fn close(broker: Arc<Broker>, store: hallpass_store::Store) {
    drop(broker);
    store.close().await;
}

/// Marks a new data folder as one that nothing depends on.
fn mark(data: &Path) -> anyhow::Result<()> {
    let mark = data.join(THROWAWAY);
    if mark.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(data).with_context(|| format!("the data folder {} cannot be made", data.display()))?;
    std::fs::write(&mark, "Nothing depends on this folder.\n").with_context(|| format!("{} cannot be written", mark.display()))
}

/// Whether this folder may be used in this way. Makes nothing.
fn admit(data: &Path, embedded: bool, trial: Trial) -> anyhow::Result<()> {
    let mark = data.join(THROWAWAY);
    let is_new = std::fs::read_dir(data).map_or(true, |mut entries| entries.next().is_none());
    let left = [wiring::AUDIT_KEY, wiring::CHECKPOINT].into_iter().find(|name| data.join(name).exists());
    if let Some(left) = left.filter(|_| embedded && !data.join("hallpass.db").exists()) {
        bail!(
            "the database hallpass.db is missing from {}, where a broker ran before ({left} is there): bring it back from a backup, or \
             choose a new folder for a new broker. Nothing was made",
            data.display()
        );
    }
    let is_marked = mark.exists() || (trial.throwaway && is_new);
    if (trial.throwaway || trial.fail_at.is_some()) && !is_marked {
        bail!(
            "the data folder {} was not made with --throwaway, so nothing may be made to fail on it: start on a new folder with --throwaway",
            data.display()
        );
    }
    Ok(())
}

/// Completes when standard input ends, which the kernel sees to when its other end dies.
async fn orphaned() {
    let read = tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
    // However it ended, nobody holds the other end any more.
    let _ = read.await;
}

/// Completes at the next SIGINT or SIGTERM.
pub(crate) async fn wait_for_signal() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_data_can_never_be_made_to_fail() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().join("real");
        std::fs::create_dir(&real).unwrap();
        std::fs::write(real.join("hallpass.db"), "").unwrap();
        let fail = Trial { fail_at: Some(Failpoint::TargetAfterCommit), ..Trial::default() };
        assert!(admit(&real, true, fail).is_err());
        assert!(admit(&real, true, Trial { throwaway: true, ..fail }).is_err(), "a folder that is in use does not become one");
        assert!(admit(&folder.path().join("unborn"), true, fail).is_err());
        assert!(admit(&real, true, Trial::default()).is_ok());
    }

    #[test]
    fn a_folder_whose_database_is_gone_begins_no_new_one() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(wiring::CHECKPOINT), "").unwrap();
        let refused = admit(folder.path(), true, Trial::default()).unwrap_err().to_string();
        assert!(refused.contains("hallpass.db is missing"), "{refused}");
        assert!(admit(folder.path(), false, Trial::default()).is_ok(), "its database is PostgreSQL");
    }

    #[test]
    fn a_folder_made_to_be_thrown_away_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        admit(&data, true, Trial { throwaway: true, ..Trial::default() }).unwrap();
        mark(&data).unwrap();
        std::fs::write(data.join("hallpass.db"), "").unwrap();
        assert!(admit(&data, true, Trial { fail_at: Some(Failpoint::TargetAfterCommit), ..Trial::default() }).is_ok());
    }
}
