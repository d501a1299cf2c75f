//! Opening: a data folder or a PostgreSQL database becomes a [`Store`], or an error that says what to do.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hallpass_domain::ids::InstallationId;
use hallpass_domain::secret::SecretText;
use hallpass_domain::{Clock, Rng};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyPool, ConnectOptions as _, Connection as _, Executor as _};

use crate::dialect::Backend;
use crate::error::{StoreError, classify};
use crate::folder::{self, FolderLock};
use crate::sql::composed;
use crate::store::{Identity, Inner, Store};
use crate::wake::Waker;
use crate::{meta, migrate};

/// Where the records are.
#[derive(Clone)]
pub enum Config {
    /// The embedded default.
    Sqlite {
        /// The data folder; made when it is missing.
        dir: PathBuf,
        /// SQLite's limit on the size of the file, in pages of 4 KiB; `None`: as large as the disk.
        max_page_count: Option<u32>,
    },
    /// For any number of nodes.
    Postgres {
        /// `postgres://user:password@host/database?sslmode=verify-full`.
        url: SecretText,
        /// Added to the database's time. Zero outside of tests.
        offset_ms: i64,
    },
}

/// Why the store did not open.
#[derive(Debug, Clone, thiserror::Error)]
pub enum OpenError {
    /// Another server works on the folder.
    #[error("the data folder {} is in use by another Hallpass server; stop that one, or choose another folder with --data", folder.display())]
    Locked {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder cannot be made or written.
    #[error("the data folder {} cannot be used: {reason}; check its path and permissions, or choose another with --data", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the operating system says.
        reason: String,
    },
    /// The file is no sound database.
    #[error(
        "the database {} is damaged or is not a SQLite database; nothing was changed; bring the data folder back from a backup",
        file.display()
    )]
    Corrupt {
        /// The file.
        file: PathBuf,
    },
    /// Something else lives in the database.
    #[error("the database holds tables of another application; give Hallpass a database (or schema) of its own")]
    Foreign,
    /// A newer Hallpass has been here.
    #[error("the database has schema version {found}, this Hallpass knows up to {newest}; start a newer Hallpass")]
    Newer {
        /// In the database.
        found: i64,
        /// Known here.
        newest: i64,
    },
    /// The record of a migration is not of this program's text.
    #[error("schema version {version} of the database was made from another text; start the Hallpass that made it, or restore a backup")]
    Altered {
        /// Which.
        version: i64,
    },
    /// PostgreSQL was not reached or did not let us in. The text is the driver's, without the password.
    #[error("PostgreSQL cannot be used: {reason}; check the database URL, the server, and the user's rights")]
    Unreachable {
        /// Why.
        reason: String,
    },
    /// The URL is none.
    #[error("the database URL is not understood; it must look like postgres://user:password@host:5432/database")]
    Url,
    /// Anything that can also happen later.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OpenError {
    pub(crate) fn from_driver(error: &sqlx::Error) -> Self {
        Self::Store(classify("the schema", error))
    }
}

/// SQLite: connections that only read.
const READERS: u32 = 4;
/// PostgreSQL: connections of one node, without the one that listens.
const CONNECTIONS: u32 = 10;
/// How long a call waits for a free connection.
const ACQUIRE: Duration = Duration::from_secs(15);
/// A connection that was idle for longer is asked whether it still lives before it is used.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

const SQLITE_EVERY: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000; \
                            PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;";
/// What is erased is overwritten: sealed credentials leave the file when they are picked up.
const SQLITE_WRITER: &str = "PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;";
pub(crate) const SQLITE_READER: &str = "PRAGMA query_only = ON;";

/// A node that hangs inside a transaction does not hold its locks for ever.
pub(crate) const POSTGRES_EVERY: &str = "SET application_name = 'hallpass'; SET idle_in_transaction_session_timeout = '30s'; \
                              SET lock_timeout = '10s'; SET statement_timeout = '60s'; SET client_min_messages = 'warning'; \
                              SET default_transaction_isolation = 'read committed';";

impl Store {
    /// Opens the store, brings its schema up to date, and makes the installation where there is none.
    pub async fn open(config: Config, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Result<Self, OpenError> {
        sqlx::any::install_default_drivers();
        let inner = match config {
            Config::Sqlite { dir, max_page_count } => sqlite(&dir, max_page_count, clock, rng).await?,
            Config::Postgres { url, offset_ms } => postgres(url, offset_ms, clock, rng).await?,
        };
        let mut connection = inner.writers.acquire().await.map_err(|e| OpenError::from_driver(&e))?;
        migrate::run(&mut connection, inner.backend, inner.clock.now()).await?;
        drop(connection);
        let proposed = InstallationId::new(&*inner.rng).map_err(StoreError::from)?;
        let store = Self { inner: Arc::new(inner), identity: Arc::new(Identity { installation: proposed, is_new: true }) };
        let found = meta::create_installation(&store).await?;
        let is_new = found == store.identity.installation;
        Ok(Self { identity: Arc::new(Identity { installation: found, is_new }), ..store })
    }
}

/// The first pool writes, the second one reads.
pub(crate) fn inner(
    backend: Backend,
    (writers, readers): (AnyPool, AnyPool),
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    waker: Waker,
    folder: Option<FolderLock>,
) -> Inner {
    Inner {
        backend,
        writers,
        readers,
        clock,
        rng,
        offset_ms: AtomicI64::new(0),
        waker,
        last_event: Mutex::default(),
        commits: AtomicU64::new(0),
        counted: Mutex::new(BTreeMap::new()),
        _folder: folder,
    }
}

async fn sqlite(dir: &Path, max_page_count: Option<u32>, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Result<Inner, OpenError> {
    let (dir, lock) = folder::lock(dir)?;
    let file = folder::database(&dir);
    let url = sqlite_url(&file, "rwc").ok_or_else(|| OpenError::Folder { folder: dir.clone(), reason: "its path is not UTF-8".into() })?;
    let options = AnyConnectOptions::from_str(&url).map_err(|_| OpenError::Url)?.disable_statement_logging();
    // Looked at with a connection of its own: a pool would try again and again.
    let mut probe = options.connect().await.map_err(|e| unreadable(&file, &dir, &e))?;
    let sound: Result<String, _> = async {
        probe.execute(sqlx::raw_sql(SQLITE_EVERY)).await?;
        sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut probe).await
    }
    .await;
    match sound {
        Ok(verdict) if verdict == "ok" => {}
        Ok(_) => return Err(OpenError::Corrupt { file }),
        Err(error) => return Err(unreadable(&file, &dir, &error)),
    }
    probe.close().await.map_err(|e| OpenError::from_driver(&e))?;
    let limit = max_page_count.map_or(String::new(), |pages| format!("PRAGMA max_page_count = {pages};"));
    let writers = sqlite_pool(1, format!("{SQLITE_EVERY}{SQLITE_WRITER}{limit}"), options.clone());
    let readers = sqlite_pool(READERS, format!("{SQLITE_EVERY}{SQLITE_READER}"), options);
    Ok(inner(Backend::Sqlite, (writers, readers), clock, rng, Waker::local(), Some(lock)))
}

/// The driver reads a URL, so that a path with `?`, `#` or `%` is encoded.
pub(crate) fn sqlite_url(file: &Path, mode: &str) -> Option<String> {
    let mut encoded = String::new();
    for byte in file.to_str()?.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    Some(format!("sqlite://{encoded}?mode={mode}"))
}

pub(crate) fn unreadable(file: &Path, folder: &Path, error: &sqlx::Error) -> OpenError {
    let code = error.as_database_error().and_then(|e| e.code().and_then(|c| c.parse::<u32>().ok())).unwrap_or(0);
    match code & 0xff {
        // SQLITE_CORRUPT, SQLITE_NOTADB
        11 | 26 => OpenError::Corrupt { file: file.to_owned() },
        // SQLITE_PERM, SQLITE_READONLY, SQLITE_CANTOPEN
        3 | 8 | 14 => OpenError::Folder { folder: folder.to_owned(), reason: "its database cannot be opened for writing".into() },
        _ => OpenError::from_driver(error),
    }
}

pub(crate) fn sqlite_pool(connections: u32, setup: String, options: AnyConnectOptions) -> AnyPool {
    let setup: Arc<str> = setup.into();
    AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            let setup = composed(setup.to_string());
            Box::pin(async move { connection.execute(sqlx::raw_sql(setup)).await.map(drop) })
        })
        // SQLite ends a transaction by itself when its disk is full; the driver does not notice, so such a connection goes.
        // The ping is answered after a rollback that is still queued.
        .after_release(|connection, _| {
            Box::pin(async move {
                connection.ping().await?;
                Ok(!connection.is_in_transaction())
            })
        })
        .connect_lazy_with(options)
}

async fn postgres(url: SecretText, offset_ms: i64, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Result<Inner, OpenError> {
    let options = postgres_options(&url).await?;
    let pool = AnyPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(ACQUIRE)
        .test_before_acquire(false)
        .after_connect(|connection, _| Box::pin(async move { connection.execute(sqlx::raw_sql(POSTGRES_EVERY)).await.map(drop) }))
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for > TRUSTED_IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(options);
    let waker = Waker::among_nodes(url, pool.clone(), Arc::clone(&clock), &*rng).map_err(StoreError::from)?;
    let inner = inner(Backend::Postgres, (pool.clone(), pool), clock, rng, waker, None);
    inner.offset_ms.store(offset_ms, Ordering::Relaxed);
    Ok(inner)
}

pub(crate) async fn postgres_options(url: &SecretText) -> Result<AnyConnectOptions, OpenError> {
    if !(url.expose().starts_with("postgres://") || url.expose().starts_with("postgresql://")) {
        return Err(OpenError::Url);
    }
    let options = AnyConnectOptions::from_str(url.expose()).map_err(|_| OpenError::Url)?.disable_statement_logging();
    // The first connection says at once what is wrong; a pool would try until its time is over.
    let first = options.connect().await.map_err(|e| OpenError::Unreachable { reason: driver_words(&e) })?;
    first.close().await.map_err(|e| OpenError::from_driver(&e))?;
    Ok(options)
}

/// What the server or the network says to somebody who cannot connect: of use to the operator, and free of the password.
fn driver_words(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(inner) => inner.message().to_owned(),
        sqlx::Error::Io(inner) => inner.to_string(),
        other => classify("a first connection", other).to_string(),
    }
}
