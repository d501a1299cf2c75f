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
pub(super) fn source(config: &Config, environment: &Environment) -> anyhow::Result<MasterSource> {
    if let Some(name) = &config.master_key.env {
        let value = environment.get(name).unwrap_or_default().to_owned();
        return Ok(MasterSource::Variable { name: name.clone(), value: SecretText::new(value) });
    }
    if let Some(words) = &config.master_key.command {
        return Ok(MasterSource::Command(words.clone()));
    }
    let file = config.master_key.file.clone().unwrap_or_else(|| default_master_key(&config.server.data));
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        make_private(folder)?;
    }
    Ok(MasterSource::File(file))
}

impl Keys {
    /// Loads the keys; on an empty database makes them.
    pub async fn load(store: &Store, source: &MasterSource, rng: &dyn Rng) -> Result<Self, KeysError> {
        let known = store.reads().await?.master_fingerprint().await?;
        let keyring = Keyring::open(&MasterKey::obtain(source, known.is_none(), rng)?);
        match known {
            None => create(store, &keyring, rng).await?,
            Some(known) if known == keyring.fingerprint() => {}
            Some(known) => return Err(KeysError::Other { have: keyring.fingerprint().to_owned(), known }),
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
        // Another node was faster: its keys are loaded, or its master key is another one and the second start says so.
        Err(StoreError::Stale { .. }) => Ok(()),
        other => Ok(other?),
    }
}

fn record(row: KeyRow) -> Result<KeyRecord, LoadError> {
    Ok(KeyRecord { kind: row.kind.parse()?, key_id: row.key_id, public_hex: row.public_hex, envelope: row.envelope })
}

#[cfg(test)]
mod tests;
