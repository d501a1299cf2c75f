//! Migrations: the texts are part of the program, run in order, each once, and remembered with their digests.

use hallpass_domain::Timestamp;
use hallpass_domain::ids::Digest;
use sqlx::{AnyConnection, Connection as _, Executor as _, SqlSafeStr as _};

use crate::dialect::Backend;
use crate::open::OpenError;
use crate::sql::{Conn, args};

struct Migration {
    version: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

const MIGRATIONS: [Migration; 1] = [Migration {
    version: 1,
    name: "begin",
    sqlite: include_str!("../migrations/sqlite/0001_begin.sql"),
    postgres: include_str!("../migrations/postgres/0001_begin.sql"),
}];

const TABLE: &str = "schema_migrations";

/// Brings the database to the newest schema, in one transaction. Nodes that start together wait for each other.
pub(crate) async fn run(connection: &mut AnyConnection, backend: Backend, now: Timestamp) -> Result<(), OpenError> {
    let mut tx = connection.begin_with(backend.begin()).await.map_err(|e| OpenError::from_driver(&e))?;
    let mut broken = false;
    let mut conn = Conn::Tx { connection: &mut tx, broken: &mut broken };
    if backend == Backend::Postgres {
        // The number is ours alone; PostgreSQL keeps one space of advisory locks per database.
        conn.all(TABLE, "SELECT pg_advisory_xact_lock($1)", args![0x6861_6c6c_i64]).await?;
    }
    let tables = match backend {
        Backend::Sqlite => "SELECT name AS name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        Backend::Postgres => "SELECT CAST(tablename AS TEXT) AS name FROM pg_tables WHERE schemaname = current_schema()",
    };
    let mut known = false;
    let mut others = false;
    for row in conn.all(TABLE, tables, args![]).await? {
        if row.text("name")? == TABLE {
            known = true;
        } else {
            others = true;
        }
    }
    if !known && others {
        return Err(OpenError::Foreign);
    }
    conn.run(
        TABLE,
        "CREATE TABLE IF NOT EXISTS schema_migrations \
         (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL, applied BIGINT NOT NULL)",
        args![],
    )
    .await?;
    let mut applied = Vec::new();
    for row in conn.all(TABLE, "SELECT version, digest FROM schema_migrations ORDER BY version", args![]).await? {
        applied.push((row.int("version")?, row.text("digest")?));
    }
    let newest = MIGRATIONS.last().map_or(0, |m| m.version);
    if let Some((found, _)) = applied.iter().find(|(version, _)| *version > newest) {
        return Err(OpenError::Newer { found: *found, newest });
    }
    for migration in &MIGRATIONS {
        let text = match backend {
            Backend::Sqlite => migration.sqlite,
            Backend::Postgres => migration.postgres,
        };
        let digest = Digest::of(text.as_bytes()).to_string();
        if let Some((_, recorded)) = applied.iter().find(|(version, _)| *version == migration.version) {
            if *recorded != digest {
                return Err(OpenError::Altered { version: migration.version });
            }
            continue;
        }
        let Conn::Tx { connection, .. } = &mut conn else { continue };
        connection.execute(sqlx::raw_sql(text.into_sql_str())).await.map_err(|e| OpenError::from_driver(&e))?;
        let record = "INSERT INTO schema_migrations (version, name, digest, applied) VALUES ($1, $2, $3, $4)";
        conn.run(TABLE, record, args![migration.version, migration.name, digest, now]).await?;
    }
    tx.commit().await.map_err(|e| OpenError::from_driver(&e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_texts_of_a_migration_differ_in_the_names_of_types_only() {
        for migration in &MIGRATIONS {
            let as_sqlite = migration
                .postgres
                .replace(" TEXT COLLATE \"C\"", " TEXT")
                .replace(" BYTEA", " BLOB")
                .replace("BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT");
            assert_eq!(as_sqlite, migration.sqlite, "version {}", migration.version);
        }
    }
}
