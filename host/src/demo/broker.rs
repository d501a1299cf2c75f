//! The broker as a process of its own, so that it can be killed.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use hallpass_domain::failpoint::Failpoint;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::client::Look as _;

/// A start compiles the connector when the cache does not have it.
const START: Duration = Duration::from_mins(1);
const STOP: Duration = Duration::from_secs(30);

/// How to start the broker.
#[derive(Debug, Clone)]
pub(super) struct Start {
    /// Our own file.
    pub(super) executable: PathBuf,
    /// Its data folder.
    pub(super) data: PathBuf,
    /// The same address at every start: it is the issuer.
    pub(super) listen: SocketAddr,
    /// Its policies.
    pub(super) policies: PathBuf,
    /// Where its log goes.
    pub(super) log: PathBuf,
}

/// A running broker.
pub(super) struct BrokerProcess {
    child: Child,
    /// Kept open: its end ends the broker, and the kernel closes it for us even after a SIGKILL.
    _tie: ChildStdin,
    /// Kept open: a broker that prints into a closed pipe would fail.
    _out: BufReader<ChildStdout>,
    /// Its address.
    pub(super) url: String,
    /// The administrator's enrolment link, at the first start.
    pub(super) link: Option<String>,
}

impl Start {
    /// Starts the broker and waits until it takes calls.
    pub(super) async fn run(&self, fail_at: Option<Failpoint>) -> anyhow::Result<BrokerProcess> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        let mut command = Command::new(&self.executable);
        command.args(["serve", "--json", "--throwaway", "--with-parent", "--listen", &self.listen.to_string(), "--data"]);
        command.arg(&self.data).arg("--policies").arg(&self.policies);
        if let Some(point) = fail_at {
            command.args(["--fail-at", point.as_str()]);
        }
        // Nothing of the caller's environment: it may be configured for another broker. A group of its own, so that Ctrl-C
        // reaches the demo alone, which then ends things in order.
        command.env_clear().process_group(0).kill_on_drop(true);
        // The connector was built a moment ago, by nobody who signs.
        command.env("HALLPASS_CONNECTORS_ALLOW_UNSIGNED", "true");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().with_context(|| format!("{} cannot be started", self.executable.display()))?;
        let tie = child.stdin.take().context("the broker has no input")?;
        let out = child.stdout.take().context("the broker has no output")?;
        let mut out = BufReader::new(out);
        let mut line = String::new();
        let read = tokio::time::timeout(START, out.read_line(&mut line)).await;
        if !matches!(read, Ok(Ok(read)) if read > 0) {
            child.start_kill().ok();
            bail!("the broker did not start. The end of its log:\n{}", tail(&self.log));
        }
        let ready: Value = serde_json::from_str(&line).context("the broker did not say where it listens")?;
        if let Some(message) = ready.at("error.message").as_str() {
            bail!("the broker did not start: {message}");
        }
        let url = ready.at("url").as_str().context("the broker did not say where it listens")?.to_owned();
        Ok(BrokerProcess { child, _tie: tie, _out: out, url, link: ready.at("enrolment").as_str().map(str::to_owned) })
    }
}

impl BrokerProcess {
    /// Its process id, while it runs.
    pub(super) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    fn pid(&self) -> Option<Pid> {
        self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?))
    }

    /// Waits until it died by itself, as one with a failpoint does.
    pub(super) async fn died(&mut self) -> anyhow::Result<()> {
        tokio::time::timeout(STOP, self.child.wait()).await.context("the broker did not reach the point at which it was to die")??;
        Ok(())
    }

    /// SIGKILL, and waits until it is gone.
    pub(super) async fn kill(&mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }

    /// SIGTERM, and waits until it is gone.
    pub(super) async fn stop(&mut self) -> anyhow::Result<()> {
        let Some(pid) = self.pid() else { return Ok(()) };
        kill_process(pid, Signal::TERM)?;
        match tokio::time::timeout(STOP, self.child.wait()).await {
            Ok(ended) => ended.map(drop)?,
            Err(_) => self.child.kill().await?,
        }
        Ok(())
    }
}

impl Drop for BrokerProcess {
    /// Kills it and waits: whoever removes its folder next must not race with it.
    fn drop(&mut self) {
        let Some(pid) = self.pid() else { return };
        if self.child.start_kill().is_ok() {
            // The exit status stays for the runtime, which collects it.
            let _ = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        }
    }
}

/// The last lines of a log.
pub(super) fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.iter().skip(lines.len().saturating_sub(20)).map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}
