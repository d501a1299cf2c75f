//! A broker as a process of its own, so that it can die: the test binary starts itself again with the one test
//! `server_process`, which runs `hallpass serve`.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use hallpass::client::{Api, Ask, Look as _, Until, enrol};
use hallpass_domain::failpoint::Failpoint;
use hallpass_store::Backend;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Row as _};
use tempfile::TempDir;

use crate::postgres::{Database, cluster, unused_port};

/// Names the arguments of `hallpass`, as a JSON list, to the test `server_process`.
pub const ARGUMENTS: &str = "HALLPASS_TEST_ARGUMENTS";
/// The same for callers who cannot write JSON: each argument with the character U+001F behind it.
pub const WORDS: &str = "HALLPASS_TEST_WORDS";
/// Names the folder of profiles to the test `server_process`.
pub const HOME: &str = "HALLPASS_TEST_HOME";
/// Policies in which everybody reads at once and one database administrator decides on a membership.
const POLICIES: &str = r#"
@id("read") @max("1h")
permit (principal, action == Action::"request", resource) when { resource.entitlement == "schema.read" };
@id("read-at-once")
permit (principal, action == Action::"auto_approve", resource) when { resource.entitlement == "schema.read" };
@id("member") @route("dba") @max("1h")
permit (principal is User, action == Action::"request", resource) when { resource.entitlement == "role.member" };
"#;
const ROUTES: &str = r#"
groups = ["dba"]
[routes.dba]
stages = [{ group = "dba", n = 1 }]
"#;
/// How long a process may take for what takes it a moment.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Where a broker process lives, and everybody in it.
pub struct World {
    /// Runs the broker.
    pub admin: Api,
    /// An agent, owned by `dave`.
    pub bot: Api,
    /// A developer with an account.
    pub dave: Api,
    /// A database administrator.
    pub carol: Api,
    /// The database that is the target.
    pub target: Database,
    folder: TempDir,
    address: String,
    process: Option<Server>,
}

/// A running process.
pub struct Server {
    /// Holds the other end of the broker's standard input, whose end ends the broker: however this process ends, it does too.
    child: Child,
    /// Kept open: a broker that prints into a closed pipe would fail.
    _out: BufReader<ChildStdout>,
    link: Option<String>,
}

impl Server {
    /// The first operator's link, where there is no operator yet.
    pub fn link(&self) -> Option<&str> {
        self.link.as_deref()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl World {
    /// A broker on this backend, the connector loaded, one target, and people. What a process that died had begun is soon taken over, so
    /// a call soon counts as lost too.
    pub async fn new(backend: Backend, connector: Vec<u8>) -> Self {
        Self::within(backend, connector, "lease = \"5s\"\ncall = \"3s\"\n").await
    }

    /// The same with the product's own limits: for a test in which no call may count as lost, however busy the machine is.
    pub async fn patient(backend: Backend, connector: Vec<u8>) -> Self {
        Self::within(backend, connector, "").await
    }

    async fn within(backend: Backend, connector: Vec<u8>, limits: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("127.0.0.1:{}", unused_port());
        let mut config =
            format!("[server]\ndata = {:?}\nlisten = {address:?}\n[connectors]\nallow_unsigned = true\n", folder.path().join("data"));
        if backend == Backend::Postgres {
            let url = Database::create().await.url();
            config.push_str(&format!("[store]\npostgres_url = {:?}\n", url.expose()));
        }
        let policies = folder.path().join("policies");
        std::fs::create_dir(&policies).unwrap();
        std::fs::write(policies.join("main.cedar"), POLICIES).unwrap();
        std::fs::write(policies.join("routes.toml"), ROUTES).unwrap();
        config.push_str(&format!("[policies]\ndir = {policies:?}\n[limits]\n{limits}"));
        std::fs::write(folder.path().join("hallpass.toml"), &config).unwrap();
        let process = start(folder.path(), None);
        let admin = Api::new(enrol(process.link.as_deref().unwrap()).await.unwrap()).unwrap();
        let add = async |kind: &str, name: &str, owner: Option<&str>| {
            let invited = admin.add_principal(kind, name, owner).await.unwrap();
            Api::new(enrol(invited.at("link").as_str().unwrap()).await.unwrap()).unwrap()
        };
        let (dave, carol) = (add("user", "dave", None).await, add("user", "carol", None).await);
        let bot = add("agent", "bot", Some("dave")).await;
        admin.set_group("dba", &["carol"]).await.unwrap();
        let target = Database::create().await;
        let world = Self { admin, bot, dave, carol, target, folder, address, process: Some(process) };
        world.prepare_target(connector).await;
        world
    }

    async fn prepare_target(&self, connector: Vec<u8>) {
        let database = self.target.name();
        let mut root = self.target.connect().await;
        let setup = format!(
            "CREATE ROLE owner_{database}; CREATE ROLE power_{database}; CREATE ROLE dave_{database} LOGIN;
             CREATE ROLE manager_{database} LOGIN NOSUPERUSER CREATEROLE PASSWORD 'manager';
             GRANT owner_{database}, power_{database} TO manager_{database} WITH ADMIN OPTION;
             GRANT pg_signal_backend, pg_read_all_stats TO manager_{database};
             GRANT CREATE ON DATABASE {database} TO owner_{database};
             GRANT CONNECT ON DATABASE {database} TO manager_{database} WITH GRANT OPTION;
             SET ROLE owner_{database}; CREATE SCHEMA sales; CREATE TABLE sales.orders (id int);
             INSERT INTO sales.orders VALUES (1), (2);"
        );
        sqlx::raw_sql(AssertSqlSafe(setup)).execute(&mut root).await.unwrap();
        let loaded = self.admin.load_and_accept(connector).await.unwrap();
        let target = json!({
            "name": "shop", "environment": "test", "connector": loaded.at("digest"),
            "settings": {
                "host": cluster().host(), "port": cluster().port().to_string(), "user": format!("manager_{database}"),
                "database": database, "tls": "off",
            },
            "secrets": { "password": "manager" },
        });
        self.admin.add_target(&target).await.unwrap();
        let id = self.admin.target_id("shop").await.unwrap();
        self.admin.set_account(&id, &self.dave.identity().principal, &format!("dave_{database}")).await.unwrap();
    }

    /// Starts the broker, which dies at `fail_at` where one is named.
    pub fn start(&mut self, fail_at: Option<Failpoint>) {
        self.process = None;
        self.process = Some(start(self.folder.path(), fail_at));
    }

    /// Kills the broker.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Waits a while for the broker to die by itself; whether it did.
    pub async fn died(&mut self, patience: Duration) -> bool {
        let until = Until::within(patience);
        loop {
            match self.process.as_mut().map(|p| p.child.try_wait()) {
                Some(Ok(None)) if until.is_ahead() => Until::pause().await,
                Some(Ok(None)) => return false,
                _ => {
                    self.process = None;
                    return true;
                }
            }
        }
    }

    /// Lets go of the broker, as the kernel does for a parent that is killed.
    pub fn orphan(&mut self) {
        self.process.as_mut().unwrap().child.stdin.take();
    }

    /// Lets no file of the running broker grow past `bytes`, or past nothing again.
    pub fn limit_files(&self, bytes: Option<u64>) {
        let process = self.process.as_ref().unwrap();
        let limit = Rlimit { current: bytes, maximum: None };
        prlimit(Some(Pid::from_child(&process.child)), Resource::Fsize, limit).unwrap();
    }

    /// Whether the broker runs.
    pub fn lives(&mut self) -> bool {
        self.process.as_mut().is_some_and(|p| matches!(p.child.try_wait(), Ok(None)))
    }

    /// The folder of the broker's data.
    pub fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    /// The address of the broker.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The agent asks to read, which is approved at once.
    pub fn reading(&self) -> Ask {
        self.asking("schema.read", format!("database:{}/schema:sales", self.target.name()))
    }

    /// The developer asks for the membership.
    pub fn membership(&self) -> Ask {
        self.asking("role.member", format!("role:power_{}", self.target.name()))
    }

    fn asking(&self, entitlement: &str, resource: String) -> Ask {
        Ask {
            target: "shop".into(),
            entitlement: entitlement.into(),
            resource,
            parameters: BTreeMap::new(),
            duration_ms: 600_000,
            justification: None,
        }
    }

    /// Every grant, as the broker has it.
    pub async fn grants(&self) -> Vec<Value> {
        self.admin.grants(false, None).await.unwrap().items("").to_vec()
    }

    /// Waits until no grant is on its way from one state to another, and gives all of them.
    pub async fn at_rest(&self) -> Vec<Value> {
        let mut rest = Vec::new();
        for grant in self.grants().await {
            let id = grant.word("id").to_owned();
            let moving = |g: &Value| matches!(g.word("state"), "activating" | "ending");
            rest.push(
                self.admin.grant_becomes(&id, &Until::within(PATIENCE), "the grant does not come to rest", |g| !moving(g)).await.unwrap(),
            );
        }
        rest
    }

    /// The roles in the target that carry a mark of any holding, and the members of the powerful role.
    pub async fn in_target(&self) -> (Vec<String>, Vec<String>) {
        let mut root = self.target.connect().await;
        let database = self.target.name();
        let marked = "SELECT r.rolname::text FROM pg_roles r WHERE r.rolname LIKE 'hp\\_%' AND has_schema_privilege(r.oid, 'sales', 'USAGE') ORDER BY 1";
        let roles = sqlx::query(marked).fetch_all(&mut root).await.unwrap();
        let members = format!(
            "SELECT m.member::regrole::text FROM pg_auth_members m WHERE m.roleid = 'power_{database}'::regrole \
             AND m.member <> 'manager_{database}'::regrole ORDER BY 1"
        );
        let members = sqlx::query(AssertSqlSafe(members)).fetch_all(&mut root).await.unwrap();
        let names = |rows: Vec<sqlx::postgres::PgRow>| rows.iter().map(|r| r.get(0)).collect();
        (names(roles), names(members))
    }
}

/// The connector, built once a run.
pub fn connector() -> Arc<Vec<u8>> {
    static BUILT: std::sync::OnceLock<Arc<Vec<u8>>> = std::sync::OnceLock::new();
    let build = || {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("plugins/postgres");
        let options = hallpass_build::Options::from_environment().unwrap();
        Arc::new(hallpass_build::build(&dir, &options, &mut |line| eprintln!("{line}")).unwrap_or_else(|e| panic!("{e}")).bytes)
    };
    Arc::clone(BUILT.get_or_init(build))
}

/// Starts the broker whose `hallpass.toml` is in `folder`.
pub fn start(folder: &Path, fail_at: Option<Failpoint>) -> Server {
    let mut arguments = vec!["hallpass".to_owned(), "serve".into(), "--json".into(), "--throwaway".into(), "--with-parent".into()];
    arguments.extend(["--config".into(), folder.join("hallpass.toml").to_string_lossy().into_owned()]);
    if let Some(point) = fail_at {
        arguments.extend(["--fail-at".into(), point.as_str().into()]);
    }
    let log = std::fs::File::options().create(true).append(true).open(folder.join("broker.log")).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "server_process", "--nocapture", "--test-threads", "1"])
        .env(ARGUMENTS, serde_json::to_string(&arguments).unwrap())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut ready = Value::Null;
    let mut line = String::new();
    // What the test runner prints comes first.
    while ready.at("url").as_str().is_none() {
        line.clear();
        let read = out.read_line(&mut line).unwrap();
        let log = || std::fs::read_to_string(folder.join("broker.log")).unwrap_or_default();
        assert!(read > 0, "the broker did not start:\n{}", log());
        // The runner writes no line end before what the test prints.
        let json = line.find('{').map_or("", |at| &line[at..]);
        ready = serde_json::from_str(json.trim()).unwrap_or(Value::Null);
    }
    Server { child, _out: out, link: ready.at("enrolment").as_str().map(str::to_owned) }
}
