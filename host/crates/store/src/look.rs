//! Looking into a store without becoming its server: for whoever asks what is wrong.

use std::str::FromStr as _;
use std::sync::Arc;

use hallpass_domain::ids::InstallationId;
use hallpass_domain::{Clock, Rng};
use sqlx::ConnectOptions as _;
use sqlx::Connection as _;
use sqlx::any::AnyConnectOptions;

use crate::dialect::Backend;
use crate::error::StoreError;
use crate::open::{Config, OpenError, POSTGRES_EVERY, SQLITE_READER, inner, postgres_options, sqlite_pool, sqlite_url, unreadable};
use crate::store::{Identity, Store};
use crate::wake::Waker;
use crate::{folder, migrate};

/// Of a connection that may not write: the journal stays as it is.
const SQLITE_LOOKER: &str = "PRAGMA busy_timeout = 5000; PRAGMA trusted_schema = OFF;";
const POSTGRES_LOOKER: &str = "SET default_transaction_read_only = on;";

impl Store {
    /// Opens what is there for reading alone, also while a server works on it: takes no lock, makes nothing, changes nothing. `None`: there
    /// is no installation yet.
    pub async fn look(config: Config, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Result<Option<Self>, OpenError> {
        sqlx::any::install_default_drivers();
        let (backend, options, setup) = match config {
            Config::Sqlite { dir, .. } => {
                let file = folder::database(&dir);
                match std::fs::metadata(&file) {
                    Ok(_) => {}
                    Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
                    Err(e) => return Err(OpenError::Folder { folder: dir, reason: e.to_string() }),
                }
                let url = sqlite_url(&file, "ro");
                let url = url.ok_or_else(|| OpenError::Folder { folder: dir.clone(), reason: "its path is not UTF-8".into() })?;
                let options = AnyConnectOptions::from_str(&url).map_err(|_| OpenError::Url)?.disable_statement_logging();
                let probe = options.connect().await.map_err(|e| unreadable(&file, &dir, &e))?;
                probe.close().await.map_err(|e| OpenError::from_driver(&e))?;
                (Backend::Sqlite, options, format!("{SQLITE_LOOKER}{SQLITE_READER}"))
            }
            Config::Postgres { url, .. } => {
                let options = postgres_options(&url).await?;
                (Backend::Postgres, options, format!("{POSTGRES_EVERY}{POSTGRES_LOOKER}"))
            }
        };
        let pool = sqlite_pool(1, setup, options);
        let mut connection = pool.acquire().await.map_err(|e| OpenError::from_driver(&e))?;
        let is_there = migrate::look(&mut connection, backend).await?;
        drop(connection);
        let installation = InstallationId::new(&*rng).map_err(StoreError::from)?;
        let inner = inner(backend, (pool.clone(), pool), clock, rng, Waker::local(), None);
        let store = Self { inner: Arc::new(inner), identity: Arc::new(Identity { installation, is_new: false }) };
        if !is_there {
            return Ok(None);
        }
        let found = store.reads().await?.installation_id().await?;
        Ok(found.map(|installation| Self { identity: Arc::new(Identity { installation, is_new: false }), ..store }))
    }
}
