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

impl Migration {
    const fn text(&self, backend: Backend) -> &'static str {
        match backend {
            Backend::Sqlite => self.sqlite,
            Backend::Postgres => self.postgres,
        }
    }
}

/// Brings the database to the newest schema, in one transaction. Nodes that start together wait for each other.
pub(crate) async fn run(connection: &mut AnyConnection, backend: Backend, now: Timestamp) -> Result<(), OpenError> {
    let mut tx = connection.begin_with(backend.begin()).await.map_err(|e| OpenError::from_driver(&e))?;
    let mut broken = false;
    let mut conn = Conn::Tx { connection: &mut tx, broken: &mut broken };
    if backend == Backend::Postgres {
        // The number is ours alone; PostgreSQL keeps one space of advisory locks per database.
        conn.all(TABLE, "SELECT pg_advisory_xact_lock($1)", args![0x6861_6c6c_i64]).await?;
    }
    is_ours(&mut conn, backend).await?;
    conn.run(
        TABLE,
        "CREATE TABLE IF NOT EXISTS schema_migrations \
         (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL, applied BIGINT NOT NULL)",
        args![],
    )
    .await?;
    let applied = applied(&mut conn, backend).await?;
    for migration in MIGRATIONS.iter().filter(|migration| !applied.contains(&migration.version)) {
        let text = migration.text(backend);
        let digest = Digest::of(text.as_bytes()).to_string();
        let Conn::Tx { connection, .. } = &mut conn else { continue };
        connection.execute(sqlx::raw_sql(text.into_sql_str())).await.map_err(|e| OpenError::from_driver(&e))?;
        let record = "INSERT INTO schema_migrations (version, name, digest, applied) VALUES ($1, $2, $3, $4)";
        conn.run(TABLE, record, args![migration.version, migration.name, digest, now]).await?;
    }
    tx.commit().await.map_err(|e| OpenError::from_driver(&e))
}

/// Whether the database has the newest schema; `false` where it has none or an older one. Changes nothing.
pub(crate) async fn look(connection: &mut AnyConnection, backend: Backend) -> Result<bool, OpenError> {
    let mut broken = false;
    let mut conn = Conn::Tx { connection, broken: &mut broken };
    if !is_ours(&mut conn, backend).await? {
        return Ok(false);
    }
    let applied = applied(&mut conn, backend).await?;
    Ok(MIGRATIONS.iter().all(|migration| applied.contains(&migration.version)))
}

/// Whether the tables in the database are ours; `false` where there are none.
async fn is_ours(conn: &mut Conn<'_>, backend: Backend) -> Result<bool, OpenError> {
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
    if !known && others { Err(OpenError::Foreign) } else { Ok(known) }
}

/// The versions that were applied, each from the text that is known here.
async fn applied(conn: &mut Conn<'_>, backend: Backend) -> Result<Vec<i64>, OpenError> {
    let newest = MIGRATIONS.last().map_or(0, |m| m.version);
    let mut versions = Vec::new();
    for row in conn.all(TABLE, "SELECT version, digest FROM schema_migrations ORDER BY version", args![]).await? {
        let (version, recorded) = (row.int("version")?, row.text("digest")?);
        if version > newest {
            return Err(OpenError::Newer { found: version, newest });
        }
        let known = MIGRATIONS.iter().find(|migration| migration.version == version);
        if known.is_some_and(|migration| Digest::of(migration.text(backend).as_bytes()).to_string() != recorded) {
            return Err(OpenError::Altered { version });
        }
        versions.push(version);
    }
    Ok(versions)
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
