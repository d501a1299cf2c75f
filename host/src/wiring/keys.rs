//! The master key and what hangs on it. The database knows the key's fingerprint: with another key, or none, nothing starts,
//! and only an empty database makes one.

use hallpass_domain::event::{Event, EventKind};
use hallpass_domain::rng::Rng;
use hallpass_domain::secret::SecretText;
use hallpass_keyring::{KeyRecord, Keyring, LoadError, MasterError, MasterKey, MasterSource, SealError, SigningKeys};
use hallpass_store::{KeyRow, Store, StoreError, run_tx};

use super::{default_master_key, make_private};
use crate::config::{Config, Environment};

/// The keys of a broker.
pub struct Keys {
    /// What seals secrets at rest.
    pub keyring: Keyring,
    /// Issuer, approval and audit keys.
    pub signing: SigningKeys,
}

/// The keys cannot be used, so the broker does not start.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// There is no master key.
    #[error(transparent)]
    Master(#[from] MasterError),
    /// It is another one.
    #[error(
        "the master key has the fingerprint {have}, the database was sealed under the one with {known}: nothing in it would open. \
         Bring that key back, or point [master_key] at it"
    )]
    Other {
        /// Of the key at hand.
        have: String,
        /// Of the key that the database belongs to.
        known: String,
    },
    /// A signing key is not usable.
    #[error(transparent)]
    Signing(#[from] LoadError),
    /// No new keys could be made.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The store does not work.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where the master key comes from.
pub(crate) fn source(config: &Config, environment: &Environment) -> MasterSource {
    if let Some(name) = &config.master_key.env {
        let value = environment.get(name).unwrap_or_default().to_owned();
        return MasterSource::Variable { name: name.clone(), value: SecretText::new(value) };
    }
    if let Some(words) = &config.master_key.command {
        return MasterSource::Command(words.clone());
    }
    let file = config.master_key.file.clone().unwrap_or_else(|| default_master_key(&config.server.data));
    MasterSource::File(file)
}

/// Makes the folder that a file of the key would lie in.
pub(super) fn make_room(source: &MasterSource) -> anyhow::Result<()> {
    match source {
        MasterSource::File(file) => file.parent().filter(|folder| !folder.as_os_str().is_empty()).map_or(Ok(()), make_private),
        MasterSource::Variable { .. } | MasterSource::Command(_) => Ok(()),
    }
}

impl Keys {
    /// Loads the keys; on an empty database makes them.
    pub async fn load(store: &Store, source: &MasterSource, rng: &dyn Rng) -> Result<Self, KeysError> {
        let known = store.reads().await?.master_fingerprint().await?;
        let Some(known) = known else {
            let keyring = Keyring::open(&MasterKey::obtain(source, true, rng)?);
            create(store, &keyring, rng).await?;
            // Another node may have been faster.
            let known = store.reads().await?.master_fingerprint().await?;
            return Self::open(store, keyring, known.as_deref()).await;
        };
        let keyring = Keyring::open(&MasterKey::obtain(source, false, rng)?);
        Self::open(store, keyring, Some(&known)).await
    }

    /// Loads the keys of a database that has some, and makes none: `None` where it has none yet.
    pub async fn look(store: &Store, source: &MasterSource, rng: &dyn Rng) -> Result<Option<Self>, KeysError> {
        let Some(known) = store.reads().await?.master_fingerprint().await? else { return Ok(None) };
        let keyring = Keyring::open(&MasterKey::obtain(source, false, rng)?);
        Self::open(store, keyring, Some(&known)).await.map(Some)
    }

    async fn open(store: &Store, keyring: Keyring, known: Option<&str>) -> Result<Self, KeysError> {
        if let Some(known) = known.filter(|known| *known != keyring.fingerprint()) {
            return Err(KeysError::Other { have: keyring.fingerprint().to_owned(), known: known.to_owned() });
        }
        let rows = store.reads().await?.keys().await?;
        let records = rows.into_iter().map(record).collect::<Result<Vec<_>, _>>()?;
        let signing = keyring.load(&records)?;
        Ok(Self { keyring, signing })
    }
}

/// Ties an empty database to a master key and gives it its signing keys, in one commit.
async fn create(store: &Store, keyring: &Keyring, rng: &dyn Rng) -> Result<(), KeysError> {
    let made = keyring.new_keys(1, rng)?;
    let created = store.now();
    let outcome = run_tx!(store, "keys.create", |tx| -> Result<(), StoreError> {
        tx.set_master_fingerprint(keyring.fingerprint()).await?;
        for key in &made {
            let (kind, public_hex) = (key.kind.as_str().to_owned(), key.public_hex.clone());
            tx.insert_key(&KeyRow { kind, key_id: key.key_id, public_hex, envelope: key.envelope.clone(), created }).await?;
        }
        tx.emit(Event::new(EventKind::KeysCreated, keyring.fingerprint())).await?;
        Ok(())
    });
    match outcome {
        // Another node was faster: its keys are loaded, or its master key is another one, which is refused.
        Err(StoreError::Stale { .. }) => Ok(()),
        other => Ok(other?),
    }
}

fn record(row: KeyRow) -> Result<KeyRecord, LoadError> {
    Ok(KeyRecord { kind: row.kind.parse()?, key_id: row.key_id, public_hex: row.public_hex, envelope: row.envelope })
}

#[cfg(test)]
mod tests;
