//! Opening a data folder: one server at a time, and an error that says what to do.

use std::path::Path;
use std::sync::Arc;

use hallpass_domain::clock::ManualClock;
use hallpass_domain::event::EventKind;
use hallpass_domain::ids::TargetId;
use hallpass_domain::rng::SystemRng;
use hallpass_domain::secret::SecretText;
use hallpass_store::{Backend, Config, EventFilter, OpenError, Store, StoreError, StoreResult, run_tx};
use hallpass_tests::bed::START;
use hallpass_tests::postgres::Database;
use hallpass_tests::{Bed, on_both_backends};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _};

use super::seed::{World, note};

async fn open(dir: &Path, max_page_count: Option<u32>) -> Result<Store, OpenError> {
    let config = Config::Sqlite { dir: dir.to_owned(), max_page_count };
    Store::open(config, Arc::new(ManualClock::new(START)), Arc::new(SystemRng)).await
}

async fn secrets(store: &Store, target: &TargetId) -> u64 {
    store.reads().await.unwrap().target_secrets(target).await.unwrap().len() as u64
}

async fn altered(dir: &Path, sql: &str) {
    let mut connection = SqliteConnectOptions::new().filename(dir.join("hallpass.db")).connect().await.unwrap();
    connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.unwrap();
}

on_both_backends! {
    async fn the_first_open_makes_the_installation_and_says_so_once(bed: Bed) {
        let store = bed.open().await;
        let installation = store.installation().clone();
        assert!(store.is_new());
        store.close().await;
        drop(store);
        let again = bed.open().await;
        assert!(!again.is_new());
        assert_eq!(*again.installation(), installation);
        let events = again.reads().await.unwrap().events(&EventFilter::default(), 0, 10).await.unwrap();
        assert_eq!(events.iter().map(|e| e.kind).collect::<Vec<_>>(), [EventKind::InstallationCreated]);
    }
}

on_both_backends! {
    async fn a_store_is_looked_into_beside_its_server_and_not_changed(bed: Bed) {
        let look = async || Store::look(bed.config().clone(), Arc::new(ManualClock::new(START)), Arc::new(SystemRng)).await;
        assert!(look().await.unwrap().is_none(), "nothing is there, and nothing is made");
        if let Config::Sqlite { dir, .. } = bed.config() {
            assert_eq!(std::fs::read_dir(dir).unwrap().count(), 0);
        }
        let world = World::new(&bed.open().await).await;
        let looker = look().await.unwrap().unwrap();
        assert_eq!(looker.installation(), world.store.installation());
        assert_eq!(looker.reads().await.unwrap().targets().await.unwrap(), std::slice::from_ref(&world.target));
        let written: Result<i64, StoreError> = run_tx!(looker, "test.write", |tx| -> StoreResult<i64> {
            note(tx, world.bob.id.as_str()).await?;
            tx.anchor_principal(&world.bob.id).await
        });
        assert!(written.is_err(), "{written:?}");
        looker.close().await;
        let moved = run_tx!(world.store, "test.go-on", |tx| -> StoreResult<i64> { tx.anchor_principal(&world.bob.id).await });
        assert_eq!(moved.unwrap(), 2, "its server goes on");
    }
}

#[tokio::test]
async fn nodes_that_start_together_on_an_empty_database_agree_on_the_installation() {
    let bed = Bed::postgres().await;
    let (a, b, c) = tokio::join!(bed.open(), bed.open(), bed.open());
    assert_eq!(a.installation(), b.installation());
    assert_eq!(b.installation(), c.installation());
    assert_eq!([&a, &b, &c].iter().filter(|s| s.is_new()).count(), 1);
    assert_eq!(a.backend(), Backend::Postgres);
}

#[tokio::test]
async fn a_second_server_on_the_folder_is_refused_until_the_first_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path(), None).await.unwrap();
    let refused = open(dir.path(), None).await.err().unwrap();
    assert!(matches!(&refused, OpenError::Locked { .. }), "{refused}");
    let text = refused.to_string();
    assert!(text.contains(dir.path().canonicalize().unwrap().to_str().unwrap()) && text.contains("--data"), "{text}");
    drop(first);
    open(dir.path(), None).await.unwrap();
}

#[tokio::test]
async fn a_folder_with_an_awkward_name_is_used_as_it_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let awkward = dir.path().join("a b?c#d%20e'f");
    World::new(&open(&awkward, None).await.unwrap()).await;
    assert!(awkward.join("hallpass.db").exists());
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), b"").unwrap();
    let refused = open(&dir.path().join("file/folder"), None).await.err().unwrap();
    assert!(matches!(&refused, OpenError::Folder { .. }) && refused.to_string().contains("file/folder"), "{refused}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("hallpass.db");
    let content = b"these are not the pages you are looking for".repeat(300);
    std::fs::write(&file, &content).unwrap();
    let refused = open(dir.path(), None).await.err().unwrap();
    assert!(matches!(&refused, OpenError::Corrupt { .. }) && refused.to_string().contains("hallpass.db"), "{refused}");
    assert_eq!(std::fs::read(&file).unwrap(), content);
}

#[tokio::test]
async fn a_database_with_a_damaged_page_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), None).await.unwrap();
    World::new(&store).await;
    store.close().await;
    drop(store);
    let file = dir.path().join("hallpass.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let second_page = 4096;
    bytes[second_page..].chunks_mut(4096).for_each(|page| page[..64].fill(0xA5));
    std::fs::write(&file, bytes).unwrap();
    let refused = open(dir.path(), None).await.err().unwrap();
    assert!(matches!(refused, OpenError::Corrupt { .. }), "{refused}");
}

#[tokio::test]
async fn a_database_of_another_application_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut other = SqliteConnectOptions::new().filename(dir.path().join("hallpass.db")).create_if_missing(true).connect().await.unwrap();
    other.execute("CREATE TABLE recipes (id INTEGER)").await.unwrap();
    drop(other);
    assert!(matches!(open(dir.path(), None).await, Err(OpenError::Foreign)));
}

#[tokio::test]
async fn a_newer_or_altered_schema_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path(), None).await.unwrap());
    altered(dir.path(), "INSERT INTO schema_migrations VALUES (999, 'later', 'sha256:00', 0)").await;
    assert!(matches!(open(dir.path(), None).await, Err(OpenError::Newer { found: 999, .. })));
    altered(dir.path(), "DELETE FROM schema_migrations WHERE version = 999; UPDATE schema_migrations SET digest = 'sha256:00'").await;
    assert!(matches!(open(dir.path(), None).await, Err(OpenError::Altered { version: 1 })));
}

#[tokio::test]
async fn an_altered_value_is_named_by_table_column_and_row() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::new(&open(dir.path(), None).await.unwrap()).await;
    altered(dir.path(), "UPDATE principals SET state = 'immortal' WHERE name = 'alice'").await;
    let found = world.store.reads().await.unwrap().principal(&world.alice.id).await;
    let Err(StoreError::Inconsistent { table: "principals", column: "state", row }) = &found else { panic!("{found:?}") };
    assert_eq!(row, world.alice.id.as_str());
    assert!(!found.unwrap_err().to_string().contains("immortal"), "no stored value is in a message");
}

#[tokio::test]
async fn a_full_database_keeps_what_it_has_and_works_again_with_more_room() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::new(&open(dir.path(), Some(120)).await.unwrap()).await;
    let mut kept = 0_u64;
    let full = loop {
        let put = run_tx!(world.store, "test.fill", |tx| -> StoreResult<()> {
            tx.put_target_secret(&world.target.id, &format!("secret-{kept}"), &[7; 9_000]).await?;
            note(tx, world.target.id.as_str()).await
        });
        match put {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 1_000, "the limit has no effect");
    };
    assert!(matches!(full, StoreError::Full), "{full:?}");
    assert_eq!(secrets(&world.store, &world.target.id).await, kept);
    // The connection that was full goes on: something small may still fit, and nothing is half-done.
    let anchored = run_tx!(world.store, "test.small", |tx| -> StoreResult<i64> { tx.anchor_principal(&world.bob.id).await });
    assert!(matches!(anchored, Ok(2) | Err(StoreError::Full)), "{anchored:?}");
    let World { store, target, .. } = world;
    store.close().await;
    drop(store);
    let again = open(dir.path(), None).await.unwrap();
    assert_eq!(secrets(&again, &target.id).await, kept);
}

#[tokio::test]
async fn a_postgresql_that_refuses_us_is_named_without_the_password() {
    let url = Database::create().await.url();
    let (before, _) = url.expose().rsplit_once('/').unwrap();
    let missing = SecretText::new(format!("{before}/no_such_database"));
    let refused = |url| Store::open(Config::Postgres { url, offset_ms: 0 }, Arc::new(ManualClock::new(START)), Arc::new(SystemRng));
    let error = refused(missing).await.err().unwrap().to_string();
    assert!(error.contains("no_such_database"), "{error}");
    let password = before.split(['@', ':']).nth(2).unwrap();
    assert!(!error.contains(password) || password.len() < 4, "{error}");
    assert!(matches!(refused(SecretText::new("mysql://x".into())).await, Err(OpenError::Url)));
}
