//! The same work without a broker: the connector's own statements, one after the other over one warm connection, and as many
//! durable commits of the store's engine as the broker makes.

use std::time::Duration;

use hallpass_store::Backend;
use hallpass_tests::postgres::Database;
use serde_json::Value;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;

use crate::stage::{Stage, folder, manager_login};
use crate::stats::now;

/// What the connector says on the way to read access that is not there yet, in its order.
const CHANGES: [&str; 6] = ["lock", "create", "mark", "usage", "read-tables", "read-sequences"];

/// A verifier as the broker makes one, made beforehand; the server hashes once whatever it is.
const VERIFIER: &str = "SCRAM-SHA-256$4096:c2FsdHNhbHRzYWx0c2FsdA==$4W4qUQjFpUYRSx9FYcF3ynfXiqfHc7lB7dZVz3PCWEE=:\
                        a3Izc3BQVnN4Y0ZQa3U5a0s2bVZ1M2pQd1FmWm1oUWs=";

/// What is kept in a commit of an intent: about as much as an operation and its event.
const RECORD: usize = 1_000;

/// The times of one activation by hand.
pub(crate) struct Times {
    pub(crate) statements: Duration,
    pub(crate) look: Duration,
    pub(crate) commits: Duration,
}

enum Engine {
    Sqlite {
        connection: SqliteConnection,
        /// Removed at the end.
        _folder: TempDir,
    },
    Postgres(PgConnection),
}

/// One warm connection to the target and one to a database like the store.
pub(crate) struct ByHand {
    manifest: Value,
    connection: PgConnection,
    janitor: PgConnection,
    engine: Engine,
    done: u32,
}

impl ByHand {
    pub(crate) async fn new(stage: &Stage) -> Self {
        let manifest = serde_json::from_str(include_str!("../../plugins/postgres/manifest.json")).unwrap();
        let connection = manager_login(&stage.target).disable_statement_logging().connect().await.unwrap();
        let engine = engine(stage.store.backend()).await;
        Self { manifest, connection, janitor: stage.target.connect().await, engine, done: 0 }
    }

    /// Once, for a role of its own that is dropped afterwards.
    pub(crate) async fn activate(&mut self, commits: u64) -> Times {
        self.done += 1;
        let role = format!("hand_{}", self.done);
        let say = |name: &str| render(&self.manifest, name, &role);
        let (state, look) = (say("schema-state"), say("look-schema-read"));
        let changes = CHANGES.map(say);
        let begun = now();
        query(&mut self.connection, state).await;
        run(&mut self.connection, "BEGIN".to_owned()).await;
        for change in changes {
            run(&mut self.connection, change).await;
        }
        run(&mut self.connection, "COMMIT".to_owned()).await;
        let said = now();
        query(&mut self.connection, look).await;
        let looked = now();
        for _ in 0..commits {
            self.engine.commit().await;
        }
        let committed = now();
        run(&mut self.janitor, format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
        Times { statements: said - begun, look: looked - said, commits: committed - looked }
    }
}

/// The statement with its slots filled in as the broker would.
fn render(manifest: &Value, name: &str, role: &str) -> String {
    let text = manifest.pointer(&format!("/statements/{name}/text")).and_then(Value::as_str).unwrap();
    let until = "'2099-01-01T00:00:00.000Z'";
    let slots = [
        ("{stamp:text}", format!("'{role}'")),
        ("{stamp}", format!("\"{role}\"")),
        ("{schema:text}", "'sales'".to_owned()),
        ("{schema}", "\"sales\"".to_owned()),
        ("{until}", until.to_owned()),
        ("{mark}", format!("'{role}/1'")),
        ("{password}", format!("'{VERIFIER}'")),
    ];
    let filled = slots.into_iter().fold(text.to_owned(), |text, (slot, value)| text.replace(slot, &value));
    assert!(!filled.contains('{'), "a slot is left: {filled}");
    filled
}

/// In one round trip.
async fn run(connection: &mut PgConnection, sql: String) {
    connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.unwrap();
}

async fn query(connection: &mut PgConnection, sql: String) {
    let rows = connection.fetch_all(sqlx::raw_sql(AssertSqlSafe(sql))).await.unwrap();
    assert_eq!(rows.len(), 1);
}

async fn engine(backend: Backend) -> Engine {
    match backend {
        Backend::Sqlite => {
            let folder = folder();
            let options = SqliteConnectOptions::new()
                .filename(folder.path().join("by-hand.db"))
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .disable_statement_logging();
            let mut connection = options.connect().await.unwrap();
            connection.execute("CREATE TABLE intents (id INTEGER PRIMARY KEY, record TEXT NOT NULL)").await.unwrap();
            Engine::Sqlite { connection, _folder: folder }
        }
        Backend::Postgres => {
            let mut connection = PgConnection::connect_with(&Database::create().await.superuser()).await.unwrap();
            connection.execute("CREATE TABLE intents (id BIGSERIAL PRIMARY KEY, record TEXT NOT NULL)").await.unwrap();
            Engine::Postgres(connection)
        }
    }
}

impl Engine {
    /// One durable commit.
    async fn commit(&mut self) {
        const SQL: &str = "INSERT INTO intents (record) VALUES ($1)";
        let record = "x".repeat(RECORD);
        let rows = match self {
            Self::Sqlite { connection, .. } => sqlx::query(SQL).bind(record).execute(connection).await.unwrap().rows_affected(),
            Self::Postgres(connection) => sqlx::query(SQL).bind(record).execute(connection).await.unwrap().rows_affected(),
        };
        assert_eq!(rows, 1);
    }
}
