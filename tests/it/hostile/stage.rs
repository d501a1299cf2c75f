//! One broker for all hostile guests, as in life: an engine that runs, a runtime with a compiler apart, a real PostgreSQL, and a
//! neighbour, another connector, that must keep working whatever the guest of a test does. Tests run side by side on it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use hallpass_broker::{
    Broker, BrokerError, EnrolmentKeys, EventFilter, EventView, NewConnector, NewTarget, OpContext, Parts, Settings, SystemClock,
    TrustPolicy, TrustedPublisher,
};
use hallpass_domain::clock::Clock;
use hallpass_domain::connector::permissions_digest;
use hallpass_domain::ids::{Digest, HoldingId, InstallationId, OperationId, Stamp, TargetId};
use hallpass_domain::port::{Connector as _, Endpoint, Failure, Fence, Granted, Invocation, Wish};
use hallpass_domain::rng::{Rng, SystemRng};
use hallpass_domain::secret::{SecretBytes, SecretText};
use hallpass_egress::{Bounds, Egress};
use hallpass_keyring::{ClientKeys, Keyring, MasterKey, MasterSource};
use hallpass_policy::{PolicySet, Source, Sources};
use hallpass_runtime::{Compiler, Limits, Runtime};
use hallpass_store::Store;
use hallpass_tests::app::{PUBLIC_URL, name};
use hallpass_tests::guests::{guests, guests_as, guests_over_http};
use hallpass_tests::postgres::{Database, cluster};
use hallpass_tokens::assertion;
use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::log;
use super::names::Names;
use super::signing;
use super::site::TOKEN;

/// The operator gets what they ask for at once: what a guest makes of it is the question.
const POLICIES: &str = r#"
@id("role") @max("1h")
permit (principal, action == Action::"request", resource);
@id("role-at-once")
permit (principal, action == Action::"auto_approve", resource);
"#;
/// A canary: the password of the management role, which no guest ever sees.
pub(super) const PASSWORD: &str = "the hostile stage: a canary";

/// The one stage.
pub(super) struct Stage {
    pub(super) runtime: Arc<Runtime>,
    pub(super) broker: Arc<Broker>,
    pub(super) operator: OpContext,
    pub(super) database: String,
    pub(super) guests: Digest,
    /// Where names lead for guests that speak HTTP.
    pub(super) names: Arc<Names>,
    manager: String,
    neighbour: TargetId,
    folder: TempDir,
}

/// A lease that is held.
struct Held;

#[async_trait::async_trait]
impl Fence for Held {
    async fn check(&self) -> Result<(), Failure> {
        Ok(())
    }
}

/// The bounds of the stage: those of the product, some of them nearer, so that a test reaches them sooner.
pub(super) fn limits() -> Limits {
    let http = Bounds { requests: 30, bytes_out: 1 << 20, bytes_in: 2 << 20, ..Bounds::default() };
    Limits { cpu_ticks: 100, sql_statements: 100, compile_cpu_seconds: 5, compile_memory_bytes: 512 << 20, http, ..Limits::default() }
}

/// A runtime that compiles apart, on this cache.
pub(super) fn runtime(cache: &Path, limits: Limits) -> Runtime {
    runtime_with(cache, limits, Arc::new(SystemClock), Arc::default(), Arc::new(SystemRng))
}

/// The same, on this clock, where names lead so, with secrets of this randomness.
fn runtime_with(cache: &Path, limits: Limits, clock: Arc<dyn Clock>, names: Arc<Names>, rng: Arc<dyn Rng>) -> Runtime {
    Runtime::new(hallpass_runtime::Settings {
        cache_dir: cache.to_owned(),
        mac_key: SecretBytes::new(vec![7; 32]),
        compiler: Compiler::Apart(std::env::current_exe().unwrap()),
        egress: Arc::new(Egress::with_resolver(Arc::clone(&clock), names)),
        clock,
        rng,
        limits,
    })
    .unwrap()
}

/// Runs everything that happens on the stage; it outlives each test.
pub(super) fn executor() -> &'static tokio::runtime::Runtime {
    static EXECUTOR: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    EXECUTOR.get_or_init(|| tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap())
}

/// The stage, set at the first call.
pub(super) fn stage() -> &'static Stage {
    static STAGE: OnceLock<Stage> = OnceLock::new();
    STAGE.get_or_init(|| {
        log::listen();
        executor().block_on(set())
    })
}

async fn set() -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let names = Arc::new(Names::default());
    let runtime =
        Arc::new(runtime_with(&folder.path().join("cache"), limits(), Arc::new(SystemClock), Arc::clone(&names), Arc::new(SystemRng)));
    let broker = broker(folder.path(), Arc::clone(&runtime)).await;
    let operator = sign_in(&broker).await;
    let (database, manager) = database().await;
    let neighbour = load(&broker, &operator, &guests_as("fellow")).await.unwrap();
    let guests = load(&broker, &operator, &guests()).await.unwrap();
    let id = TargetId::new(SystemClock.now(), &SystemRng).unwrap();
    let mut stage = Stage { runtime, broker, operator, database, guests, names, manager, neighbour: id, folder };
    stage.neighbour = stage.add_target("neighbour", &neighbour, "answer", &[]).await;
    let running = Arc::clone(&stage.broker);
    tokio::spawn(async move { running.run(CancellationToken::new()).await });
    stage
}

async fn broker(folder: &Path, runtime: Arc<Runtime>) -> Arc<Broker> {
    let config = hallpass_store::Config::Sqlite { dir: folder.join("data"), max_page_count: None };
    std::fs::create_dir(folder.join("data")).unwrap();
    let store = Store::open(config, Arc::new(SystemClock), Arc::new(SystemRng)).await.unwrap();
    let master = MasterSource::Variable { name: "TEST".into(), value: SecretText::new("22".repeat(32)) };
    let keyring = Arc::new(Keyring::open(&MasterKey::obtain(&master, true, &SystemRng).unwrap()));
    let keys = keyring.load(&keyring.new_keys(1, &SystemRng).unwrap()).unwrap();
    let sources = Sources { policies: vec![Source { file: "main.cedar".into(), text: POLICIES.into() }], routes: None };
    let mut settings = Settings::at(PUBLIC_URL);
    let publisher = TrustedPublisher { name: "hallpass".into(), keys: vec![signing::trusted_key()], required: 1 };
    settings.trust = TrustPolicy { publishers: vec![publisher], allow_unsigned: true };
    let parts = Parts {
        store,
        clock: Arc::new(SystemClock),
        rng: Arc::new(SystemRng),
        keyring,
        keys,
        policy: PolicySet::from_sources(&sources, &[]).unwrap_or_else(|e| panic!("{e}")),
        connectors: runtime,
        settings,
        checkpoint_file: None,
    };
    Broker::start(parts).await.unwrap()
}

/// The administrator, enrolled and signed in.
async fn sign_in(broker: &Broker) -> OpContext {
    let invitation = broker.first_enrolment().await.unwrap().unwrap();
    let keys = ClientKeys::generate(&SystemRng).unwrap();
    let token = invitation.token.expose();
    let registered =
        EnrolmentKeys { signing_key: keys.signing_public(), recipient_key: keys.recipient_public(), proof: keys.enrolment_proof(token) };
    let id = broker.enrol(token, registered).await.unwrap().id;
    let assertion = assertion::create(keys.signer(), id.as_str(), PUBLIC_URL, SystemClock.now(), &SystemRng).unwrap();
    let session = broker.issue_session(assertion.expose()).await.unwrap();
    broker.authenticate(session.token.expose()).await.unwrap()
}

/// A database and a management role that is no superuser.
async fn database() -> (String, String) {
    let database = Database::create().await;
    let manager = format!("manager_{}", database.name());
    let mut root = database.connect().await;
    let setup = format!(
        "SET log_statement = 'none'; CREATE ROLE {manager} LOGIN CREATEROLE PASSWORD '{PASSWORD}'; \
        CREATE TABLE public.kept (what text); GRANT SELECT, INSERT ON public.kept TO {manager}; \
        ALTER ROLE {manager} SET search_path = public; ALTER ROLE {manager} SET standard_conforming_strings = off; \
        ALTER ROLE {manager} SET client_min_messages = debug1; ALTER ROLE {manager} SET default_transaction_isolation = serializable"
    );
    sqlx::raw_sql(AssertSqlSafe(setup)).execute(&mut root).await.unwrap();
    (database.name().to_owned(), manager)
}

/// Loads a file, and accepts what it asks for.
pub(super) async fn load(broker: &Broker, operator: &OpContext, file: &[u8]) -> Result<Digest, BrokerError> {
    load_signed(broker, operator, file, None).await
}

/// The same, with the signatures that came along.
pub(super) async fn load_signed(broker: &Broker, operator: &OpContext, file: &[u8], note: Option<&str>) -> Result<Digest, BrokerError> {
    let facts = broker.load_connector(operator, NewConnector { signature: note, ..NewConnector::of(file) }).await?.facts;
    broker.accept_connector(operator, &facts.digest, &permissions_digest(&facts.permissions)).await?;
    Ok(facts.digest)
}

impl Stage {
    /// The events that name one of these, in order.
    pub(super) async fn events_about(&self, ids: &[String]) -> Vec<EventView> {
        let (mut about, mut after) = (Vec::new(), None);
        loop {
            let events = self.broker.events(&self.operator, EventFilter::default(), after, 1_000).await.unwrap();
            let Some(last) = events.last() else { return about };
            after = Some(last.seq);
            about.extend(events.into_iter().filter(|event| ids.iter().any(|id| event.leaf.to_string().contains(id))));
        }
    }

    /// Why a file was not loaded, in the word of the log, each time that it was tried.
    pub(super) async fn refusals(&self, file: &Digest) -> Vec<String> {
        let events = self.events_about(&[file.to_string()]).await;
        let refused = events.iter().filter(|event| event.kind == "connector.refused");
        refused.map(|event| event.leaf["facts"]["why"].as_str().unwrap().to_owned()).collect()
    }

    /// Settings and secrets of a target whose guest behaves like this. `more` overrides.
    fn configured(&self, behaviour: &str, more: &[(&str, String)]) -> (BTreeMap<String, String>, BTreeMap<String, SecretText>) {
        let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut settings = BTreeMap::from([
            setting("host", cluster().host()),
            setting("port", &cluster().port().to_string()),
            setting("user", &self.manager),
            setting("database", &self.database),
            setting("tls", "off"),
            setting("behaviour", behaviour),
        ]);
        settings.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        (settings, BTreeMap::from([("password".to_owned(), SecretText::new(PASSWORD.to_owned()))]))
    }

    /// A target in the broker.
    pub(super) async fn add_target(&self, named: &str, connector: &Digest, behaviour: &str, more: &[(&str, String)]) -> TargetId {
        self.try_target(named, connector, behaviour, more).await.unwrap()
    }

    /// The same, where it may be refused.
    pub(super) async fn try_target(
        &self,
        named: &str,
        connector: &Digest,
        behaviour: &str,
        more: &[(&str, String)],
    ) -> Result<TargetId, BrokerError> {
        let (settings, secrets) = self.configured(behaviour, more);
        let target = NewTarget {
            name: name(named),
            environment: name("test"),
            connector: connector.to_string(),
            settings,
            secrets,
            network: Vec::new(),
            owner: None,
        };
        Ok(self.broker.add_target(&self.operator, target).await?.id)
    }

    /// A target in the broker that speaks HTTP, at this place, which it is granted.
    pub(super) async fn try_target_over_http(
        &self,
        named: &str,
        connector: &Digest,
        behaviour: &str,
        url: &str,
    ) -> Result<TargetId, BrokerError> {
        let settings = [("url", url), ("behaviour", behaviour)].map(|(key, value)| (key.to_owned(), value.to_owned()));
        let target = NewTarget {
            name: name(named),
            environment: name("test"),
            connector: connector.to_string(),
            settings: settings.into(),
            secrets: [("token".to_owned(), SecretText::new(TOKEN.to_owned()))].into(),
            network: vec![url.to_owned()],
            owner: None,
        };
        Ok(self.broker.add_target(&self.operator, target).await?.id)
    }

    /// A call of its own, on a target of its own.
    pub(super) fn invocation(&self, connector: Digest, behaviour: &str, patience_ms: u64, more: &[(&str, String)]) -> Invocation {
        let (settings, secrets) = self.configured(behaviour, more);
        let now = SystemClock.now();
        Invocation {
            operation: OperationId::new(now, &SystemRng).unwrap(),
            attempt: 1,
            connector,
            granted: Granted::only(&self.runtime.facts(&connector).expect("it is loaded").permissions),
            endpoint: Arc::new(Endpoint {
                id: TargetId::new(now, &SystemRng).unwrap(),
                name: name("hostile"),
                revision: 1,
                settings,
                secrets,
                network: Vec::new(),
            }),
            deadline: now.plus(patience_ms),
            dry_run: false,
            fence: Arc::new(Held),
        }
    }

    /// Another runtime with the same connectors, on this clock and with these bounds on HTTP; and a call of the neighbour in it.
    pub(super) async fn beside(&self, clock: Arc<dyn Clock>, http: Bounds) -> (Arc<Runtime>, Invocation) {
        let limits = Limits { http, ..limits() };
        let runtime = runtime_with(&self.folder.path().join("cache"), limits, clock, Arc::clone(&self.names), Arc::new(SystemRng));
        for connector in [guests_as("fellow"), guests_over_http()] {
            runtime.load(&connector).await.unwrap();
        }
        let neighbour = self.invocation(Digest::of(&guests_as("fellow")), "answer", 86_400_000, &[]);
        (Arc::new(runtime), neighbour)
    }

    /// Another runtime with these bounds and files.
    pub(super) async fn another(&self, limits: Limits, files: &[Vec<u8>]) -> Arc<Runtime> {
        self.another_with(Arc::new(SystemRng), limits, files).await
    }

    /// The same, with secrets of this randomness.
    pub(super) async fn another_with(&self, rng: Arc<dyn Rng>, limits: Limits, files: &[Vec<u8>]) -> Arc<Runtime> {
        let runtime = runtime_with(&self.folder.path().join("cache"), limits, Arc::new(SystemClock), Arc::clone(&self.names), rng);
        for file in files {
            runtime.load(file).await.unwrap();
        }
        Arc::new(runtime)
    }

    /// A holding of its own.
    pub(super) fn wish(&self) -> Wish {
        let now = SystemClock.now();
        let installation = InstallationId::new(&SystemRng).unwrap();
        Wish {
            stamp: Stamp::new(&installation, &HoldingId::new(now, &SystemRng).unwrap()),
            mode: hallpass_domain::holding::Mode::Provisioning,
            account: None,
            entitlement: "role.exist".to_owned(),
            resource: format!("database:{}", self.database).parse().unwrap(),
            parameters: BTreeMap::new(),
            until: now.plus(600_000),
            suspended: false,
            fresh_credential: true,
            locator: None,
        }
    }

    /// The broker answers, and through it the neighbour: another connector, in the same runtime.
    pub(super) async fn neighbour_answers(&self) {
        self.broker.check_target(&self.operator, &self.neighbour).await.unwrap_or_else(|e| panic!("the neighbour's call failed: {e}"));
        let ready = self.broker.readiness().await;
        assert!(ready.ready, "the broker is not ready: {:?}", ready.problems);
    }

    /// How many roles carry this stamp in the target.
    pub(super) async fn roles(&self, wish: &Wish) -> i64 {
        let mut root = sqlx::PgConnection::connect_with(&cluster().superuser("postgres")).await.unwrap();
        let count = "SELECT count(*) FROM pg_roles WHERE rolname = $1";
        sqlx::query(count).bind(wish.stamp.as_str()).fetch_one(&mut root).await.unwrap().get(0)
    }

    /// How often a guest wrote this stamp into the one table that it may write to.
    pub(super) async fn kept(&self, wish: &Wish) -> i64 {
        let mut root = sqlx::PgConnection::connect_with(&cluster().superuser(&self.database)).await.unwrap();
        let count = "SELECT count(*) FROM public.kept WHERE what = $1";
        sqlx::query(count).bind(wish.stamp.as_str()).fetch_one(&mut root).await.unwrap().get(0)
    }

    /// What the host itself sees of a holding.
    pub(super) async fn seen(&self, wish: &Wish) -> Option<hallpass_domain::holding::Presence> {
        let call = self.invocation(self.guests, "answer", 20_000, &[]);
        self.runtime.look(&call, wish).await.unwrap_or_else(|e| panic!("the host's look: {e}")).presence
    }
}
