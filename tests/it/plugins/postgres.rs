//! The PostgreSQL connector, through the runtime, against a real server: what it makes, what the host itself sees of it, and
//! what is left when it is taken away.

mod gone;
mod tls;

use std::collections::BTreeMap;
use std::sync::Arc;

use hallpass_broker::SystemClock;
use hallpass_domain::clock::{Clock, Timestamp};
use hallpass_domain::grant::SeenBy;
use hallpass_domain::holding::{Mode, Presence};
use hallpass_domain::ids::{HoldingId, InstallationId, OperationId, Stamp, TargetId};
use hallpass_domain::port::{Applied, Connector as _, Done, Effect, Endpoint, FailureKind, Granted, Invocation, Sight, Wish};
use hallpass_domain::rng::{Rng as _, SeededRng, SystemRng};
use hallpass_domain::secret::{SecretBytes, SecretText};
use hallpass_egress::Egress;
use hallpass_runtime::{Compiler, Limits, Runtime, Settings};
use hallpass_tests::courier::Lease;
use hallpass_tests::postgres::{Database, cluster, unused_port};
use hallpass_tests::server::connector;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// One test's part of the cluster: a database with the schema `sales`, a management role that is no superuser, a runtime with
/// the connector, and one holding.
struct World {
    runtime: Arc<Runtime>,
    endpoint: Endpoint,
    connector: hallpass_domain::ids::Digest,
    database: String,
    manager: String,
    stamp: Stamp,
    _cache: tempfile::TempDir,
}

const MANAGER_PASSWORD: &str = "the manager: a canary";

impl World {
    async fn new() -> Self {
        Self::with_schema("sales").await
    }

    async fn with_schema(schema: &str) -> Self {
        let database = Database::create().await.name().to_owned();
        let manager = format!("manager_{database}");
        let quoted = format!("\"{}\"", schema.replace('"', "\"\""));
        let mut root = superuser("postgres").await;
        // The test's own statement stays out of the log, which must hold no password at all.
        run(&mut root, "SET log_statement = 'none'").await;
        run(&mut root, &format!("CREATE ROLE {manager} LOGIN CREATEROLE PASSWORD '{MANAGER_PASSWORD}'")).await;
        run(&mut root, &format!("GRANT pg_signal_backend TO {manager}")).await;
        run(&mut root, &format!("GRANT CONNECT ON DATABASE {database} TO {manager} WITH GRANT OPTION")).await;
        let mut root = superuser(&database).await;
        run(
            &mut root,
            &format!(
                "CREATE SCHEMA {quoted}; CREATE TABLE {quoted}.orders (id int); INSERT INTO {quoted}.orders VALUES (1), (2); \
                 GRANT USAGE ON SCHEMA {quoted} TO {manager} WITH GRANT OPTION; \
                 ALTER DEFAULT PRIVILEGES IN SCHEMA {quoted} GRANT SELECT ON TABLES TO {manager} WITH GRANT OPTION; \
                 GRANT SELECT ON ALL TABLES IN SCHEMA {quoted} TO {manager} WITH GRANT OPTION; \
                 GRANT SELECT ON ALL SEQUENCES IN SCHEMA {quoted} TO {manager} WITH GRANT OPTION"
            ),
        )
        .await;
        let cache = tempfile::tempdir().unwrap();
        let mut key = vec![0; 32];
        SystemRng.fill(&mut key).unwrap();
        let settings = Settings {
            cache_dir: cache.path().to_owned(),
            mac_key: SecretBytes::new(key),
            compiler: Compiler::Apart(std::env::current_exe().unwrap()),
            clock: Arc::new(SystemClock),
            rng: Arc::new(SystemRng),
            limits: Limits::default(),
            egress: Arc::new(Egress::new(Arc::new(SystemClock))),
        };
        let runtime = Arc::new(Runtime::new(settings).unwrap());
        let connector = runtime.load(&connector()).await.unwrap().digest;
        let setting = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let endpoint = Endpoint {
            id: TargetId::new(SystemClock.now(), &SystemRng).unwrap(),
            name: "shop".parse().unwrap(),
            revision: 1,
            settings: BTreeMap::from([
                setting("host", cluster().host()),
                setting("port", &cluster().port().to_string()),
                setting("user", &manager),
                setting("database", "postgres"),
                setting("tls", "off"),
            ]),
            secrets: BTreeMap::from([("password".to_owned(), SecretText::new(MANAGER_PASSWORD.to_owned()))]),
            network: Vec::new(),
        };
        let stamp = Stamp::new(&InstallationId::new(&SystemRng).unwrap(), &HoldingId::new(SystemClock.now(), &SystemRng).unwrap());
        Self { runtime, endpoint, connector, database, manager, stamp, _cache: cache }
    }

    fn call(&self, attempt: i64) -> Invocation {
        Invocation {
            operation: OperationId::new(SystemClock.now(), &SystemRng).unwrap(),
            attempt,
            connector: self.connector,
            granted: Granted::Asked,
            endpoint: Arc::new(self.endpoint.clone()),
            deadline: SystemClock.now().plus(20_000),
            dry_run: false,
            fence: Arc::new(Lease(true)),
        }
    }

    fn read(&self) -> Wish {
        Wish {
            stamp: self.stamp.clone(),
            mode: Mode::Provisioning,
            account: None,
            entitlement: "schema.read".to_owned(),
            resource: format!("database:{}/schema:sales", self.database).parse().unwrap(),
            parameters: BTreeMap::new(),
            until: Timestamp(SystemClock.now().0 / 1000 * 1000).plus(600_000),
            suspended: false,
            fresh_credential: true,
            locator: None,
        }
    }

    fn member(&self, account: &str, role: &str) -> Wish {
        Wish {
            mode: Mode::Access,
            account: Some(account.to_owned()),
            entitlement: "role.member".to_owned(),
            resource: format!("role:{role}").parse().unwrap(),
            fresh_credential: false,
            ..self.read()
        }
    }

    async fn apply(&self, attempt: i64, want: &Wish) -> Applied {
        self.runtime.apply(&self.call(attempt), want, None).await.unwrap_or_else(|e| panic!("apply {attempt}: {e:?}"))
    }

    async fn look(&self, want: &Wish) -> Sight {
        self.runtime.look(&self.call(99), want).await.unwrap_or_else(|e| panic!("look: {e:?}"))
    }

    async fn presence(&self, want: &Wish) -> Option<Presence> {
        self.look(want).await.presence
    }

    async fn revoke(&self, want: &Wish) -> Done {
        self.runtime.revoke(&self.call(98), want, None).await.unwrap_or_else(|e| panic!("revoke: {e:?}"))
    }

    /// A login with a delivered credential, as its holder does it.
    async fn login(&self, applied: &Applied) -> Result<PgConnection, sqlx::Error> {
        let delivery = applied.delivery.as_ref().expect("a secret was delivered");
        let public: BTreeMap<&str, &str> = delivery.public.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let login = |password: &str| {
            PgConnectOptions::new_without_pgpass()
                .host(cluster().host())
                .port(cluster().port())
                .ssl_mode(sqlx::postgres::PgSslMode::Disable)
                .username(public["user"])
                .database(public["database"])
                .password(password)
        };
        assert!(login("another password").connect().await.is_err(), "the server asks for the password");
        login(delivery.value.expose()).connect().await
    }

    /// Roles of this test's holding in the target.
    async fn roles(&self) -> i64 {
        let mut root = superuser("postgres").await;
        let row = sqlx::query("SELECT count(*) FROM pg_roles WHERE rolname = $1").bind(self.stamp.as_str()).fetch_one(&mut root).await;
        row.unwrap().get(0)
    }

    async fn kill_all(&self) {
        let mut root = superuser("postgres").await;
        run(&mut root, &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{}'", self.manager)).await;
    }
}

async fn superuser(database: &str) -> PgConnection {
    cluster().superuser(database).disable_statement_logging().connect().await.unwrap()
}

async fn run(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(connection).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
}

async fn count(connection: &mut PgConnection, sql: &str) -> Result<i64, sqlx::Error> {
    sqlx::query(sqlx::AssertSqlSafe(sql.to_owned())).fetch_one(connection).await.map(|row| row.get(0))
}

fn code(error: &sqlx::Error) -> String {
    error.as_database_error().and_then(|e| e.code()).unwrap_or_default().into_owned()
}

fn until(want: &Wish, later: u64) -> Wish {
    Wish { until: want.until.plus(later), fresh_credential: false, ..want.clone() }
}

#[tokio::test(flavor = "multi_thread")]
async fn read_access_is_made_seen_extended_suspended_repaired_and_taken_away() {
    let world = World::new().await;
    world.runtime.health(&world.call(0)).await.unwrap();
    let want = world.read();
    assert_eq!(world.presence(&want).await, Some(Presence::Absent));

    let applied = world.apply(1, &want).await;
    let Done::Settled { already, .. } = &applied.done else { panic!("it is done at once") };
    assert!(!already);
    let seen = world.look(&want).await;
    assert_eq!((seen.presence, seen.by, seen.attempt), (Some(Presence::Present), SeenBy::Host, Some(1)), "{:?}", seen.details);

    let mut holder = world.login(&applied).await.unwrap();
    assert_eq!(count(&mut holder, "SELECT count(*) FROM sales.orders").await.unwrap(), 2);
    let refused = sqlx::query("INSERT INTO sales.orders VALUES (3)").execute(&mut holder).await.unwrap_err();
    assert_eq!(code(&refused), "42501", "a write is refused by PostgreSQL itself");

    let again = world.apply(1, &Wish { fresh_credential: false, ..want.clone() }).await;
    assert!(again.delivery.is_none(), "applying again touches no secret");
    assert_eq!((world.roles().await, world.presence(&want).await), (1, Some(Presence::Present)));

    let longer = until(&want, 300_000);
    assert_eq!(world.presence(&longer).await, None, "an end that is not the wished one is drift");
    world.apply(2, &longer).await;
    assert_eq!(world.presence(&longer).await, Some(Presence::Present));

    let suspended = Wish { suspended: true, ..longer.clone() };
    world.apply(3, &suspended).await;
    assert_eq!(world.presence(&longer).await, Some(Presence::Suspended));
    assert!(count(&mut holder, "SELECT 1::int8").await.is_err(), "its session ended");
    assert!(world.login(&applied).await.is_err(), "a suspended role does not log in");
    world.apply(4, &longer).await;
    let mut holder = world.login(&applied).await.expect("resumed with the credential that it had");

    let mut root = superuser(&world.database).await;
    run(&mut root, "CREATE TABLE sales.later (id int)").await;
    let drift = world.look(&longer).await;
    assert_eq!(drift.presence, None);
    assert!(drift.details.iter().any(|(name, value)| name.ends_with("tables_missing") && value == "1"), "{:?}", drift.details);
    world.apply(5, &longer).await;
    assert_eq!(world.presence(&longer).await, Some(Presence::Present));
    assert_eq!(count(&mut holder, "SELECT count(*) FROM sales.later").await.unwrap(), 0);

    world.revoke(&longer).await;
    assert_eq!((world.presence(&longer).await, world.roles().await), (Some(Presence::Absent), 0));
    assert!(count(&mut holder, "SELECT 1::int8").await.is_err(), "the live session ended with the access");
    world.revoke(&longer).await;
    assert_eq!(world.presence(&longer).await, Some(Presence::Absent), "taking away what is gone is success");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_credential_replaces_the_old_one_and_leaves_the_role() {
    let world = World::new().await;
    let want = world.read();
    let first = world.apply(1, &want).await;
    let second = world.apply(2, &want).await;
    assert!(world.login(&first).await.is_err());
    world.login(&second).await.unwrap();
    let seen = world.look(&want).await;
    assert_eq!((seen.presence, seen.attempt, world.roles().await), (Some(Presence::Present), Some(2), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn membership_comes_and_goes_and_the_account_keeps_what_it_had() {
    let world = World::new().await;
    let (role, account) = (format!("admins_{}", world.database), format!("o'dev \"{}\"", world.database));
    let quoted = format!("\"{}\"", account.replace('"', "\"\""));
    let mut root = superuser("postgres").await;
    run(&mut root, &format!("CREATE ROLE {role}; CREATE ROLE other_{role}; CREATE ROLE {quoted} LOGIN; GRANT other_{role} TO {quoted}"))
        .await;
    let want = world.member(&account, &role);
    assert_eq!(world.presence(&want).await, Some(Presence::Absent));
    let applied = world.apply(1, &want).await;
    assert!(applied.delivery.is_none());
    let seen = world.look(&want).await;
    assert_eq!((seen.presence, seen.by), (Some(Presence::Present), SeenBy::Host), "{:?}", seen.details);
    world.revoke(&want).await;
    assert_eq!(world.presence(&want).await, Some(Presence::Absent));
    let kept = "SELECT count(*) FROM pg_auth_members WHERE member = (SELECT oid FROM pg_roles WHERE rolname = $1)";
    let row = sqlx::query(kept).bind(&account).fetch_one(&mut root).await.unwrap();
    assert_eq!(row.get::<i64, _>(0), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_with_quotes_are_names() {
    let world = World::with_schema("we\"ird 'x'").await;
    let resource = format!("database:{}/schema:we%22ird%20%27x%27", world.database).parse().unwrap();
    let want = Wish { resource, ..world.read() };
    let applied = world.apply(1, &want).await;
    let seen = world.look(&want).await;
    assert_eq!(seen.presence, Some(Presence::Present), "{:?}", seen.details);
    let mut holder = world.login(&applied).await.unwrap();
    assert_eq!(count(&mut holder, "SELECT count(*) FROM \"we\"\"ird 'x'\".orders").await.unwrap(), 2);
    world.revoke(&want).await;
    assert_eq!(world.presence(&want).await, Some(Presence::Absent));

    let missing =
        Wish { resource: format!("database:{}/schema:x%22%3B%20DROP%20ROLE%20y", world.database).parse().unwrap(), ..world.read() };
    let failure = world.runtime.apply(&world.call(1), &missing, None).await.err().expect("there is no such schema");
    assert_eq!((failure.kind, failure.effect), (FailureKind::NotFound, Effect::None), "{failure}");
    assert_eq!(world.roles().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_a_target_that_is_down_are_named_and_change_nothing() {
    let mut world = World::new().await;
    let want = world.read();
    let right = world.endpoint.clone();
    world.endpoint.secrets.insert("password".to_owned(), SecretText::new("wrong".to_owned()));
    let failure = world.runtime.apply(&world.call(1), &want, None).await.err().unwrap();
    assert_eq!((failure.kind, failure.code.as_str(), failure.effect), (FailureKind::Unauthenticated, "sqlstate-28p01", Effect::None));

    world.endpoint = right.clone();
    world.endpoint.settings.insert("port".to_owned(), unused_port().to_string());
    let failure = world.runtime.look(&world.call(1), &want).await.unwrap_err();
    assert_eq!((failure.kind, failure.effect), (FailureKind::Unavailable, Effect::None));
    assert!(failure.message.contains("host and port"), "{failure}");

    world.endpoint = right.clone();
    world.endpoint.settings.insert("host".to_owned(), "db.example.com".to_owned());
    let failure = world.runtime.look(&world.call(1), &want).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::InvalidInput, "TLS off is for loopback alone: {failure}");

    world.endpoint = right;
    world.endpoint.settings.remove("tls");
    let failure = world.runtime.look(&world.call(1), &want).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.code.as_str()),
        (FailureKind::Unavailable, "tls"),
        "loopback is verified too unless told otherwise: {failure}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_revision_of_the_settings_is_used_at_once() {
    let mut world = World::new().await;
    let want = world.read();
    world.apply(1, &want).await;
    world.endpoint.revision = 2;
    world.endpoint.secrets.insert("password".to_owned(), SecretText::new("wrong".to_owned()));
    let failure = world.runtime.look(&world.call(1), &want).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unauthenticated, "no warm connection of the old settings is used");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_connection_that_died_is_replaced_unseen() {
    let world = World::new().await;
    let want = world.read();
    world.apply(1, &want).await;
    world.kill_all().await;
    assert_eq!(world.presence(&want).await, Some(Presence::Present));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_lease_nothing_goes_out() {
    let world = World::new().await;
    let want = world.read();
    let call = Invocation { fence: Arc::new(Lease(false)), ..world.call(1) };
    let failure = world.runtime.apply(&call, &want, None).await.err().unwrap();
    assert_eq!((failure.code.as_str(), failure.effect), ("lease-lost", Effect::None));
    let dry = Invocation { dry_run: true, ..world.call(1) };
    let _ = world.runtime.apply(&dry, &want, None).await;
    assert_eq!(world.roles().await, 0, "nor in a dry run");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_earlier_attempt_is_ended_before_its_transaction_can_commit() {
    let world = World::new().await;
    let want = world.read();
    let mut stopped = PgConnectOptions::new_without_pgpass()
        .host(cluster().host())
        .port(cluster().port())
        .ssl_mode(sqlx::postgres::PgSslMode::Disable)
        .username(&world.manager)
        .password(MANAGER_PASSWORD)
        .database(&world.database)
        .application_name(&format!("{}/1", world.stamp))
        .connect()
        .await
        .unwrap();
    run(&mut stopped, &format!("BEGIN; CREATE ROLE {}", world.stamp)).await;
    assert!(world.runtime.fence_off(&world.call(1), &want).await.unwrap());
    assert!(sqlx::raw_sql("COMMIT").execute(&mut stopped).await.is_err());
    assert_eq!(world.roles().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_without_an_answer_is_unknown_and_a_look_settles_it() {
    let mut world = World::new().await;
    let want = world.read();
    let direct = world.endpoint.clone();
    let port = cut_after_commit().await;
    world.endpoint.settings.insert("port".to_owned(), port.to_string());
    world.endpoint.revision = 2;
    let failure = world.runtime.apply(&world.call(1), &want, None).await.err().unwrap();
    assert_eq!(failure.effect, Effect::Unknown, "{failure}");
    world.endpoint = Endpoint { revision: 3, ..direct };
    assert!(world.runtime.fence_off(&world.call(2), &want).await.unwrap());
    let seen = world.look(&want).await;
    assert_eq!((seen.presence, seen.attempt), (Some(Presence::Present), Some(1)), "the commit had arrived");
}

/// Passes bytes on until a COMMIT went to the server; its answer never comes back.
async fn cut_after_commit() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut server = tokio::net::TcpStream::connect((cluster().host(), cluster().port())).await.unwrap();
            tokio::spawn(async move {
                let (mut up, mut down) = (vec![0; 65_536], vec![0; 65_536]);
                let mut last = false;
                loop {
                    tokio::select! {
                        Ok(n) = client.read(&mut up) => {
                            let Some(bytes) = up.get(..n).filter(|b| !b.is_empty()) else { return };
                            last = bytes.windows(6).any(|w| w == b"COMMIT");
                            server.write_all(bytes).await.unwrap();
                        }
                        Ok(n) = server.read(&mut down) => {
                            // The server has answered, so the commit is done; nobody is told.
                            if last || n == 0 { return }
                            client.write_all(&down[..n]).await.unwrap();
                        }
                        else => return,
                    }
                }
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_the_server_s_log_nor_in_its_catalogue() {
    let world = World::new().await;
    let want = world.read();
    let applied = world.apply(1, &want).await;
    let secret = applied.delivery.as_ref().unwrap().value.expose().to_owned();
    let mut root = superuser("postgres").await;
    let stored = sqlx::query("SELECT rolpassword FROM pg_authid WHERE rolname = $1").bind(world.stamp.as_str()).fetch_one(&mut root).await;
    let stored: String = stored.unwrap().get(0);
    assert!(stored.starts_with("SCRAM-SHA-256$4096:"), "{stored}");
    let log = std::fs::read(cluster().log_path()).unwrap();
    let log = String::from_utf8_lossy(&log);
    assert!(log.contains(&format!("CREATE ROLE \"{}\"", world.stamp)), "the log holds the statements, else this proves nothing");
    assert!(!log.contains(&secret));
    assert!(!log.contains(MANAGER_PASSWORD));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_changes_of_one_database_at_once_all_work() {
    let world = World::new().await;
    let wishes: Vec<Wish> = (0..6)
        .map(|n| {
            let rng = SeededRng::new(n);
            let installation = InstallationId::new(&SystemRng).unwrap();
            Wish { stamp: Stamp::new(&installation, &HoldingId::new(SystemClock.now(), &rng).unwrap()), ..world.read() }
        })
        .collect();
    let all = wishes.iter().map(|want| async {
        world.apply(1, want).await;
        assert_eq!(world.presence(want).await, Some(Presence::Present));
        world.revoke(want).await;
        assert_eq!(world.presence(want).await, Some(Presence::Absent));
    });
    futures_util::future::join_all(all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_that_is_not_loaded_or_a_wish_that_it_does_not_know_is_refused() {
    let world = World::new().await;
    let want = world.read();
    let unknown = Invocation { connector: hallpass_domain::ids::Digest::of(b"nothing"), ..world.call(1) };
    assert_eq!(world.runtime.look(&unknown, &want).await.unwrap_err().code, "connector-not-loaded");
    let other = Wish { entitlement: "schema.write".to_owned(), ..want.clone() };
    assert_eq!(world.runtime.look(&world.call(1), &other).await.unwrap_err().code, "no-such-entitlement");
    let late = Invocation { deadline: SystemClock.now(), ..world.call(1) };
    assert_eq!(world.runtime.look(&late, &want).await.unwrap_err().kind, FailureKind::Timeout);
    let other = Wish { resource: format!("database:{}", world.database).parse().unwrap(), ..want };
    assert_eq!(world.runtime.look(&world.call(1), &other).await.unwrap_err().code, "no-such-entitlement");
    world.runtime.health(&world.call(1)).await.unwrap();
    let closed = superuser("postgres").await.close().await;
    closed.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_granted_is_refused_and_what_is_unloaded_is_gone() {
    let world = World::new().await;
    let want = world.read();
    let asked = world.runtime.facts(&world.connector).unwrap().permissions.clone();
    let without = |kind: &str| Granted::only(&asked.iter().filter(|line| !line.starts_with(kind)).cloned().collect::<Vec<_>>());
    for (kind, named) in [("statement", "statement `"), ("recipe", "recipe `"), ("secret", "secret `password`")] {
        let call = Invocation { granted: without(kind), ..world.call(1) };
        let failure = world.runtime.apply(&call, &want, None).await.err().expect("it was not granted");
        assert!(failure.message.contains(named) && failure.message.contains("not granted"), "{failure}");
        assert_eq!((failure.kind, failure.code.as_str(), failure.effect), (FailureKind::Forbidden, "not-granted", Effect::None));
    }
    let failure = world.runtime.look(&Invocation { granted: without("statement"), ..world.call(1) }, &want).await.err().unwrap();
    assert_eq!(failure.code, "not-granted", "the host's own look is a permission too");
    assert_eq!(world.roles().await, 0);
    let granted = Invocation { granted: Granted::only(&asked), ..world.call(1) };
    world.runtime.apply(&granted, &want, None).await.unwrap_or_else(|e| panic!("all of it is granted: {e}"));
    world.revoke(&want).await;

    world.runtime.unload(&world.connector).await;
    assert!(world.runtime.facts(&world.connector).is_none());
    let failure = world.runtime.health(&world.call(1)).await.unwrap_err();
    assert_eq!(failure.code, "connector-not-loaded");
    let left: Vec<_> = std::fs::read_dir(world._cache.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    world.runtime.unload(&world.connector).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_banned_version_is_cut_off_in_the_middle_of_a_call() {
    let world = World::new().await;
    let mut root = superuser(&world.database).await;
    // The connector's grant waits for this lock.
    run(&mut root, "BEGIN; LOCK TABLE pg_authid IN EXCLUSIVE MODE").await;
    let (call, want) = (world.call(1), world.read());
    let (runtime, digest) = (Arc::clone(&world.runtime), world.connector);
    let in_flight = tokio::spawn(async move { runtime.apply(&call, &want, None).await.map(|_| ()) });
    // Within a transaction the list of sessions stands still.
    let mut watch = superuser("postgres").await;
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = '";
    while count(&mut watch, &format!("{waiting}{}'", world.manager)).await.unwrap() == 0 {
        assert!(!in_flight.is_finished(), "it did not wait: {:?}", in_flight.await);
        tokio::task::yield_now().await;
    }
    world.runtime.interrupt(&digest);
    let failure = in_flight.await.unwrap().unwrap_err();
    assert_eq!(failure.code, "interrupted", "{failure}");
    world.runtime.unload(&digest).await;
    run(&mut root, "ROLLBACK").await;
    assert_eq!(world.roles().await, 0, "what was open is rolled back");
}
