//! A whole broker in this process, with its engine and its sequencer running: a real store, the real runtime, and a real
//! PostgreSQL server as the target.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hallpass_broker::{
    Broker, EnrolmentKeys, Invitation, NewConnector, NewPrincipal, NewRequest, NewTarget, NewVerdict, OpContext, Parts, SystemClock,
};
use hallpass_domain::clock::Clock as _;
use hallpass_domain::connector::permissions_digest;
use hallpass_domain::grant::GrantState;
use hallpass_domain::ids::GrantId;
use hallpass_domain::principal::PrincipalKind;
use hallpass_domain::request::Verdict;
use hallpass_domain::rng::SystemRng;
use hallpass_domain::secret::SecretText;
use hallpass_keyring::{ClientKeys, Keyring, MasterKey, MasterSource};
use hallpass_policy::{PolicySet, Source, Sources};
use hallpass_runtime::{Compiler, Limits, Runtime};
use hallpass_store::{Backend, Config, Store};
use hallpass_tests::app::{Actor, name};
use hallpass_tests::postgres::{Database, cluster};
use hallpass_tests::server::connector;
use hallpass_tokens::assertion;
use sqlx::AssertSqlSafe;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::timeline::Timed;

const URL: &str = "https://hallpass.test";
const PASSWORD: &str = "manager";
const POLICY: &str = r#"@id("read") @route("data-team") @max("1h")
permit (principal, action == Action::"request", resource) when { resource.entitlement == "schema.read" };"#;
const ROUTES: &str = r#"[routes.data-team]
stages = [{ group = "data-team", n = 1, timeout = "1h", on_timeout = "deny" }]"#;

/// A folder on the disk of the build, not one in memory.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// A running broker, and who is needed to ask and to approve.
pub(crate) struct Stage {
    pub(crate) store: Store,
    pub(crate) target: Database,
    broker: Arc<Broker>,
    admin: OpContext,
    asker: OpContext,
    approver: OpContext,
    stop: CancellationToken,
    running: JoinHandle<()>,
    folder: TempDir,
}

impl Stage {
    pub(crate) async fn new(backend: Backend) -> Self {
        let folder = folder();
        let config = match backend {
            Backend::Sqlite => Config::Sqlite { dir: folder.path().join("data"), max_page_count: None },
            Backend::Postgres => Config::Postgres { url: Database::create().await.url(), offset_ms: 0 },
        };
        let store = Store::open(config, Arc::new(SystemClock), Arc::new(SystemRng)).await.unwrap();
        let broker = start(store.clone(), folder.path()).await;
        let admin = enrol(&broker, broker.first_enrolment().await.unwrap().unwrap()).await;
        let admin = sign_in(&broker, &admin).await;
        let mut people = Vec::new();
        for who in ["alice", "bob"] {
            let new = NewPrincipal { kind: PrincipalKind::User, name: name(who), owner: None };
            people.push(enrol(&broker, broker.add_principal(&admin, new).await.unwrap()).await);
        }
        let [asker, approver] = &people[..] else { panic!("two people") };
        broker.set_group(&admin, &name("data-team"), vec![name("bob")]).await.unwrap();
        let (asker, approver) = (sign_in(&broker, asker).await, sign_in(&broker, approver).await);
        let facts = broker.load_connector(&admin, NewConnector::of(&connector())).await.unwrap().facts;
        broker.accept_connector(&admin, &facts.digest, &permissions_digest(&facts.permissions)).await.unwrap();
        let target = prepare_target().await;
        let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let settings = BTreeMap::from([
            setting("host", cluster().host()),
            setting("port", &cluster().port().to_string()),
            setting("user", &manager(&target)),
            setting("database", target.name()),
            setting("tls", "off"),
        ]);
        let secrets = BTreeMap::from([("password".to_owned(), SecretText::new(PASSWORD.to_owned()))]);
        let new = NewTarget {
            name: name("shop"),
            environment: name("bench"),
            connector: facts.digest.to_string(),
            settings,
            secrets,
            network: Vec::new(),
            owner: None,
        };
        broker.add_target(&admin, new).await.unwrap();
        let stop = CancellationToken::new();
        let running = tokio::spawn({
            let (broker, stop) = (Arc::clone(&broker), stop.clone());
            async move { broker.run(stop).await }
        });
        Self { store, target, broker, admin, asker, approver, stop, running, folder }
    }

    /// Where compiled connectors lie.
    pub(crate) fn cache(&self) -> PathBuf {
        cache(self.folder.path())
    }

    /// What the target is asked to give: the schema `sales`.
    pub(crate) async fn ask(&self) -> hallpass_domain::ids::RequestId {
        let new = NewRequest {
            target: name("shop"),
            entitlement: "schema.read".into(),
            resource: format!("database:{}/schema:sales", self.target.name()),
            parameters: Default::default(),
            duration_ms: 600_000,
            justification: None,
        };
        self.broker.submit(&self.asker, new).await.unwrap().request.id
    }

    /// The last verdict.
    pub(crate) async fn approve(&self, request: &hallpass_domain::ids::RequestId) -> GrantId {
        let verdict = NewVerdict { verdict: Verdict::Approve, narrowed_ms: None, reason: None };
        self.broker.decide(&self.approver, request, verdict).await.unwrap().grant.unwrap()
    }

    /// Waits until the grant is in this state.
    pub(crate) async fn becomes(&self, grant: &GrantId, state: GrantState) {
        let mut wake = self.store.wake();
        loop {
            let now = self.store.reads().await.unwrap().grant(grant).await.unwrap().unwrap();
            if now.state == state {
                return;
            }
            assert!(now.last_failure.is_none(), "{:?}", now.last_failure);
            wake.woken().await;
        }
    }

    /// Takes the access away again, so that the next one finds the target as this one did.
    pub(crate) async fn take_back(&self, grant: &GrantId) {
        self.broker.revoke(&self.admin, grant, None).await.unwrap();
        self.becomes(grant, GrantState::Revoked).await;
    }

    /// Commits of operations so far, and those of the log beside them.
    pub(crate) fn commits(&self) -> (u64, u64) {
        let counts = self.store.tx_counts();
        let of = |word: &str| counts.iter().filter(|(name, _)| name.starts_with(word)).map(|(_, count)| count.commits).sum();
        (of("operation."), of("log."))
    }

    pub(crate) async fn close(self) {
        self.stop.cancel();
        self.running.await.unwrap();
        self.store.close().await;
    }
}

/// The management role of a target: no superuser.
pub(crate) fn manager(target: &Database) -> String {
    format!("manager_{}", target.name())
}

/// How the management role logs in.
pub(crate) fn manager_login(target: &Database) -> sqlx::postgres::PgConnectOptions {
    target.superuser().username(&manager(target)).password(PASSWORD)
}

/// A runtime of connectors on this folder.
pub(crate) fn runtime(cache_dir: PathBuf, keyring: &Keyring) -> Runtime {
    let settings = hallpass_runtime::Settings {
        cache_dir,
        mac_key: keyring.artifact_mac_key(),
        compiler: Compiler::Here,
        clock: Arc::new(SystemClock),
        rng: Arc::new(SystemRng),
        limits: Limits::default(),
        egress: Arc::new(hallpass_egress::Egress::new(Arc::new(SystemClock))),
    };
    Runtime::new(settings).unwrap()
}

/// The keys of every bench.
pub(crate) fn keyring() -> Keyring {
    let master = MasterSource::Variable { name: "BENCH".into(), value: SecretText::new("11".repeat(32)) };
    Keyring::open(&MasterKey::obtain(&master, true, &SystemRng).unwrap())
}

fn cache(folder: &Path) -> PathBuf {
    folder.join("cache")
}

async fn start(store: Store, folder: &Path) -> Arc<Broker> {
    let keyring = keyring();
    let keys = keyring.load(&keyring.new_keys(1, &SystemRng).unwrap()).unwrap();
    let source = |file: &str, text: &str| Source { file: file.into(), text: text.into() };
    let sources = Sources { policies: vec![source("main.cedar", POLICY)], routes: Some(source("routes.toml", ROUTES)) };
    let connectors = Arc::new(Timed { runtime: runtime(cache(folder), &keyring), store: store.clone() });
    let mut settings = hallpass_broker::Settings::at(URL);
    settings.trust.allow_unsigned = true;
    let parts = Parts {
        store,
        clock: Arc::new(SystemClock),
        rng: Arc::new(SystemRng),
        keys,
        policy: PolicySet::from_sources(&sources, &[name("data-team")]).unwrap(),
        connectors,
        keyring: Arc::new(keyring),
        settings,
        checkpoint_file: Some(folder.join("checkpoint")),
    };
    Broker::start(parts).await.unwrap()
}

async fn enrol(broker: &Broker, invitation: Invitation) -> Actor {
    let keys = ClientKeys::generate(&SystemRng).unwrap();
    let token = invitation.token.expose();
    let registered =
        EnrolmentKeys { signing_key: keys.signing_public(), recipient_key: keys.recipient_public(), proof: keys.enrolment_proof(token) };
    let id = broker.enrol(token, registered).await.unwrap().id;
    Actor { id, keys }
}

async fn sign_in(broker: &Broker, actor: &Actor) -> OpContext {
    let signed = assertion::create(actor.keys.signer(), actor.id.as_str(), URL, SystemClock.now(), &SystemRng).unwrap();
    let session = broker.issue_session(signed.expose()).await.unwrap();
    broker.authenticate(session.token.expose()).await.unwrap()
}

async fn prepare_target() -> Database {
    let target = Database::create().await;
    let (database, manager) = (target.name(), manager(&target));
    let setup = format!(
        "CREATE ROLE owner_{database}; CREATE ROLE {manager} LOGIN NOSUPERUSER CREATEROLE PASSWORD '{PASSWORD}';
         GRANT owner_{database} TO {manager} WITH ADMIN OPTION;
         GRANT pg_signal_backend, pg_read_all_stats TO {manager};
         GRANT CREATE ON DATABASE {database} TO owner_{database};
         GRANT CONNECT ON DATABASE {database} TO {manager} WITH GRANT OPTION;
         SET ROLE owner_{database}; CREATE SCHEMA sales; CREATE TABLE sales.orders (id int);"
    );
    sqlx::raw_sql(AssertSqlSafe(setup)).execute(&mut target.connect().await).await.unwrap();
    target
}
