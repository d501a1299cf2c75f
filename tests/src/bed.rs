//! Where a test keeps its store: a folder for SQLite, a database for PostgreSQL, and a clock whose hands the test holds.

use std::sync::Arc;

use hallpass_domain::clock::{Clock, ManualClock, Millis, Timestamp};
use hallpass_domain::rng::SystemRng;
use hallpass_store::{Backend, Config, OpenError, Store};
use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;

use crate::postgres::{Database, cluster};

/// When every test begins: 2026-01-01T00:00:00Z.
pub const START: Timestamp = Timestamp(1_767_225_600_000);

/// A place for a store.
pub struct Bed {
    /// Moves only by [`Bed::advance`].
    pub clock: ManualClock,
    config: Config,
    /// Removed at the end.
    _folder: Option<TempDir>,
}

impl Bed {
    /// A new place on this database.
    pub async fn new(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => Self::sqlite(),
            Backend::Postgres => Self::postgres().await,
        }
    }

    /// A new data folder.
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::Sqlite { dir: folder.path().to_owned(), max_page_count: None };
        Self { clock: ManualClock::new(START), config, _folder: Some(folder) }
    }

    /// A new database.
    pub async fn postgres() -> Self {
        let config = Config::Postgres { url: Database::create().await.url(), offset_ms: 0 };
        Self { clock: ManualClock::new(START), config, _folder: None }
    }

    /// How the store is opened here.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Opens the store. PostgreSQL takes a second node beside it, SQLite refuses one until the first is dropped.
    pub async fn open(&self) -> Store {
        self.try_open().await.unwrap()
    }

    /// Like [`Bed::open`], for a test that expects a refusal.
    pub async fn try_open(&self) -> Result<Store, OpenError> {
        let store = Store::open(self.config.clone(), Arc::new(self.clock.clone()), Arc::new(SystemRng)).await?;
        self.set_hands(&[&store]).await;
        Ok(store)
    }

    /// Moves time on, for these stores too: leases are written and compared in the database's own time.
    pub async fn advance(&self, length: Millis, stores: &[&Store]) {
        self.clock.advance(length);
        self.set_hands(stores).await;
    }

    async fn set_hands(&self, stores: &[&Store]) {
        if matches!(self.config, Config::Sqlite { .. }) {
            return;
        }
        let mut connection = PgConnection::connect_with(&cluster().superuser("postgres")).await.unwrap();
        let sql = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";
        let database: i64 = sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap();
        for store in stores {
            store.set_offset_ms(self.clock.now().0 - database);
        }
    }
}

/// Writes a law once and checks it on both databases, as `name::on_sqlite` and `name::on_postgresql`.
///
/// ```text
/// on_both_backends! {
///     async fn an_event_that_is_written_is_read_back(bed: Bed) { let store = bed.open().await; … }
/// }
/// ```
#[macro_export]
macro_rules! on_both_backends {
    ($($(#[$meta:meta])* async fn $name:ident($bed:ident: Bed) $body:block)+) => {$(
        #[cfg(test)]
        mod $name {
            use super::*;

            $(#[$meta])*
            async fn law($bed: $crate::Bed) $body

            #[tokio::test]
            async fn on_sqlite() {
                law($crate::Bed::sqlite()).await;
            }

            #[tokio::test]
            async fn on_postgresql() {
                law($crate::Bed::postgres().await).await;
            }
        }
    )+};
}
