//! The stage: a private PostgreSQL, a broker as a process of its own, everyone enrolled, and one folder for all of it.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use hallpass_domain::failpoint::Failpoint;
use hallpass_domain::rng::{self, SystemRng};
use hallpass_domain::secret::SecretText;
use serde_json::Value;
use tempfile::TempDir;

use super::Options;
use super::broker::{BrokerProcess, Start};
use super::cluster::{self, Cluster};
use super::database::Database;
use super::people::{People, TARGET};
use super::ports;
use super::report::Report;
use crate::client::{Api, Ask, ClientError, Look as _, Until};

/// How long the broker may take for what takes it a moment.
pub(super) const MOMENT: Duration = Duration::from_secs(20);

const POLICIES: [(&str, &str); 2] =
    [("demo.cedar", include_str!("policies/demo.cedar")), ("routes.toml", include_str!("policies/routes.toml"))];

/// Everything that the stories play on. Dropped or closed, it leaves neither a process nor a file.
pub(super) struct Stage {
    // In this order: the broker first, what it works on later, the folder last.
    broker: BrokerProcess,
    pub(super) cluster: Cluster,
    pub(super) people: People,
    pub(super) database: Database,
    pub(super) dave_password: SecretText,
    pub(super) options: Options,
    start: Start,
    folder: TempDir,
}

impl Stage {
    /// Sets everything up.
    pub(super) async fn set(options: &Options, report: &mut Report<'_>) -> anyhow::Result<Self> {
        report.story(0, "The stage: a private PostgreSQL, a broker with one data folder, a connector in a sandbox");
        report.busy("building the connector");
        let connector = connector(options.connector.clone()).await?;
        report.step(&format!("the connector is built: {} kB of WebAssembly", connector.len() / 1024));
        report.busy("starting a private PostgreSQL");
        let cluster = tokio::task::block_in_place(|| {
            Cluster::start(&cluster::Options::default(), &SystemRng, &|line| {
                // What is installed is said even where the result is JSON: it changes the machine.
                eprintln!("{line}");
            })
        })?;
        let (manager, dave_password) = (password()?, password()?);
        let database = Database::make(&cluster, &manager, &dave_password).await?;
        report.step(&format!("PostgreSQL runs on {}:{}, with a shop in it", cluster.host(), cluster.port()));
        report.busy("starting the broker");
        let folder = tempfile::Builder::new().prefix("hallpass-demo-").tempdir().context("no folder for the demo can be made")?;
        let policies = folder.path().join("policies");
        std::fs::create_dir(&policies)?;
        for (name, text) in POLICIES {
            std::fs::write(policies.join(name), text)?;
        }
        let start = Start {
            executable: options.executable.clone(),
            data: folder.path().join("data"),
            listen: (Ipv4Addr::LOCALHOST, ports::unused(&SystemRng)?).into(),
            policies,
            log: folder.path().join("broker.log"),
        };
        let broker = start.run(None).await?;
        let people = People::enrol(&broker, &folder.path().join("profiles")).await?;
        report.step("six principals enrolled with keys of their own, by one-time links");
        people.prepare_target(connector, &cluster, &manager).await?;
        report.step(&format!("the target {TARGET} answers its health check"));
        report.idle();
        let superuser = database.is_superuser(super::database::MANAGER).await?;
        report.check("the broker's own role in the database is no superuser", !superuser, super::database::MANAGER);
        Ok(Self { broker, cluster, people, database, dave_password, options: options.clone(), start, folder })
    }

    /// A folder for files of the stories.
    pub(super) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// The broker's data folder.
    pub(super) fn data(&self) -> PathBuf {
        self.start.data.clone()
    }

    /// The broker's address.
    pub(super) fn url(&self) -> &str {
        &self.broker.url
    }

    /// The broker's process id.
    pub(super) fn broker_id(&self) -> Option<u32> {
        self.broker.id()
    }

    /// The broker's log.
    pub(super) fn log(&self) -> PathBuf {
        self.start.log.clone()
    }

    /// The broker's process.
    pub(super) fn broker(&mut self) -> &mut BrokerProcess {
        &mut self.broker
    }

    /// Starts the broker again, after it ended in whatever way.
    pub(super) async fn start_broker(&mut self, fail_at: Option<Failpoint>) -> anyhow::Result<()> {
        self.broker = self.start.run(fail_at).await?;
        Ok(())
    }

    /// Ends everything in order.
    pub(super) async fn close(mut self) -> anyhow::Result<()> {
        let stopped = self.broker.stop().await;
        tokio::task::block_in_place(|| {
            drop(self.cluster);
            self.folder.close()
        })?;
        stopped
    }
}

/// What somebody asks for at the one target.
pub(super) fn ask(entitlement: &str, resource: &str, length: Duration, justification: Option<&str>) -> Ask {
    Ask {
        target: TARGET.to_owned(),
        entitlement: entitlement.to_owned(),
        parameters: BTreeMap::new(),
        resource: resource.to_owned(),
        duration_ms: u64::try_from(length.as_millis()).unwrap_or(u64::MAX),
        justification: justification.map(str::to_owned),
    }
}

/// The agent's request of story 1 and 3.
pub(super) fn read_sales(length: Duration) -> Ask {
    ask("schema.read", "database:shop/schema:sales", length, None)
}

/// The text at a key; an error names what is missing.
pub(super) fn field(document: &Value, key: &str) -> anyhow::Result<String> {
    document.at(key).as_str().map(str::to_owned).with_context(|| format!("the broker's answer has no {key}"))
}

/// Waits for a grant to be active.
pub(super) async fn active(api: &Api, grant: &str) -> anyhow::Result<Value> {
    let grant = api.settled(grant, &Until::within(MOMENT)).await?;
    anyhow::ensure!(grant.word("state") == "active", "the grant is {}: {}", grant.at("state"), grant.at("last_failure"));
    Ok(grant)
}

/// Checks that a call is refused with this kind of problem, in words that name something.
pub(super) fn refused(report: &mut Report<'_>, what: &str, outcome: Result<Value, ClientError>, kinds: &[&str], names: &str) {
    match outcome {
        Err(e) => {
            let said = e.problem().and_then(|problem| problem.detail.clone()).unwrap_or_else(|| e.to_string());
            report.check(what, kinds.contains(&e.kind()) && said.contains(names), &said);
        }
        Ok(_) => report.check(what, false, "it was let through"),
    }
}

/// Waits for something in the target, asking again and again.
pub(super) async fn eventually<F: Future<Output = anyhow::Result<bool>>>(within: Duration, ask: impl Fn() -> F) -> anyhow::Result<bool> {
    use hallpass_broker::SystemClock;
    use hallpass_domain::Clock as _;
    let end = SystemClock.now().plus(u64::try_from(within.as_millis()).unwrap_or(u64::MAX));
    loop {
        if ask().await? {
            return Ok(true);
        }
        if SystemClock.now() >= end {
            return Ok(false);
        }
        SystemClock.sleep_until(SystemClock.now().plus(100)).await;
    }
}

/// The connector's file: the one that was named, else built from its sources.
async fn connector(built: Option<PathBuf>) -> anyhow::Result<Vec<u8>> {
    if let Some(file) = built {
        return std::fs::read(&file).with_context(|| format!("{} cannot be read", file.display()));
    }
    let sources = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../plugins/postgres"));
    anyhow::ensure!(
        sources.is_dir(),
        "the sources of the connector are not at {}: name a built one with --connector FILE",
        sources.display()
    );
    let options = hallpass_build::Options::from_environment()?;
    let log = tempfile::NamedTempFile::new()?;
    let path = log.path().to_owned();
    let built = tokio::task::spawn_blocking(move || {
        let mut lines = Vec::new();
        hallpass_build::build(&sources, &options, &mut |line| {
            lines.push(line.to_owned());
            // What is installed changes the machine, so it is said at once; a compiler's words only when it fails.
            if line.contains("install") {
                eprintln!("{line}");
            }
        })
        .map_err(|e| {
            let _ = std::fs::write(&path, lines.join("\n"));
            anyhow::Error::from(e)
        })
    });
    let built = built.await?.map_err(|e| e.context(std::fs::read_to_string(log.path()).unwrap_or_default()))?;
    Ok(built.bytes)
}

fn password() -> anyhow::Result<SecretText> {
    Ok(SecretText::new(hex::encode(rng::bytes::<24>(&SystemRng)?)))
}
