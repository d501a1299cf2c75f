//! One private cluster for the whole run, and one database for each test.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

use hallpass::demo::cluster::{Cluster, Options};
use hallpass::demo::ports;
use hallpass_domain::rng::SystemRng;
use hallpass_domain::secret::SecretText;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

/// The cluster of this run. Started by the first test that asks; gone when the process ends, however it ends.
///
/// It writes every statement to its log, so that a test can look for secrets there.
pub fn cluster() -> &'static Cluster {
    CLUSTER.get_or_init(|| start(Options { fsync: false, log_statements: true, settings: Vec::new() }))
}

/// The same as it is for a measurement: commits wait for the disk, and nothing is logged. Before the first use of [`cluster`].
pub fn durable_cluster() -> &'static Cluster {
    CLUSTER.get_or_init(|| start(Options::default()))
}

static CLUSTER: OnceLock<Cluster> = OnceLock::new();

fn start(mut options: Options) -> Cluster {
    // Every test has pools of its own.
    options.settings.push(("max_connections".to_owned(), "300".to_owned()));
    Cluster::start(&options, &SystemRng, &|line| eprintln!("{line}")).unwrap_or_else(|error| panic!("{error}"))
}

/// A loopback port on which nobody listens, and none comes to by chance. Each is given once a run: whoever asked first may not listen yet.
pub fn unused_port() -> u16 {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    loop {
        let port = ports::unused(&SystemRng).unwrap_or_else(|error| panic!("{error}"));
        if GIVEN.lock().unwrap().insert(port) {
            return port;
        }
    }
}

/// A database of one test.
#[derive(Clone)]
pub struct Database {
    name: String,
}

impl Database {
    /// A new, empty one.
    pub async fn create() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut connection = PgConnection::connect_with(&cluster().superuser("postgres")).await.unwrap();
        connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE template0"))).await.unwrap();
        Self { name }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Connects the superuser to it.
    pub fn superuser(&self) -> PgConnectOptions {
        cluster().superuser(&self.name)
    }

    /// The superuser's connection URL.
    pub fn url(&self) -> SecretText {
        cluster().superuser_url(&self.name)
    }

    /// A superuser's connection.
    pub async fn connect(&self) -> PgConnection {
        PgConnection::connect_with(&self.superuser()).await.unwrap()
    }
}
