//! The two schemas are one.

use std::collections::BTreeSet;

use hallpass_store::{Config, Store};
use hallpass_tests::Bed;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};

/// Table, column, type as SQLite calls it, whether it may be null.
type Column = (String, String, String, bool);

async fn sqlite_columns(bed: &Bed) -> BTreeSet<Column> {
    let Config::Sqlite { dir, .. } = bed.config() else { panic!("a bed of SQLite") };
    let mut connection = SqliteConnectOptions::new().filename(dir.join("hallpass.db")).connect().await.unwrap();
    let sql = "SELECT t.name, c.name, c.type, c.\"notnull\" = 0 FROM sqlite_schema t, pragma_table_info(t.name) c \
               WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'";
    let rows: Vec<Column> = sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap();
    rows.into_iter().map(|(t, c, kind, null)| (t, c, kind.replace("INTEGER", "BIGINT"), null)).collect()
}

async fn postgres_columns(connection: &mut PgConnection) -> BTreeSet<Column> {
    let sql = "SELECT table_name::text, column_name::text, data_type::text, is_nullable = 'YES' \
               FROM information_schema.columns WHERE table_schema = 'public'";
    let rows: Vec<Column> = sqlx::query_as(sql).fetch_all(connection).await.unwrap();
    rows.into_iter().map(|(t, c, kind, null)| (t, c, kind.to_uppercase().replace("BYTEA", "BLOB"), null)).collect()
}

#[tokio::test]
async fn both_databases_have_the_same_tables_columns_and_indexes() {
    let (lite, post) = (Bed::sqlite(), Bed::postgres().await);
    let _stores: [Store; 2] = [lite.open().await, post.open().await];
    let Config::Postgres { url, .. } = post.config() else { panic!("a bed of PostgreSQL") };
    let mut connection = PgConnection::connect(url.expose()).await.unwrap();
    let (ours, theirs) = (sqlite_columns(&lite).await, postgres_columns(&mut connection).await);
    assert!(ours.len() > 100);
    assert_eq!(ours.difference(&theirs).collect::<Vec<_>>(), Vec::<&Column>::new());
    assert_eq!(theirs.difference(&ours).collect::<Vec<_>>(), Vec::<&Column>::new());

    let Config::Sqlite { dir, .. } = lite.config() else { panic!("a bed of SQLite") };
    let mut file = SqliteConnectOptions::new().filename(dir.join("hallpass.db")).connect().await.unwrap();
    let named = "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL ORDER BY name";
    let ours: Vec<String> = sqlx::query_scalar(named).fetch_all(&mut file).await.unwrap();
    let named = "SELECT indexname::text FROM pg_indexes WHERE schemaname = 'public' AND indexname NOT LIKE '%_pkey' ORDER BY 1";
    let theirs: Vec<String> = sqlx::query_scalar(AssertSqlSafe(named)).fetch_all(&mut connection).await.unwrap();
    assert_eq!(ours, theirs);
}
