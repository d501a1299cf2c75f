//! The newest checkpoint in a file beside the database: a witness that somebody who writes the database alone cannot put back.
//!
//! A log that contradicts it was put back, cut or rewritten. Nothing is signed over it then and the file stays as it is, so that a
//! person can compare the two (law 13).

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use hallpass_audit::{Checkpoint, Hash, VerifierKey};

use crate::error::BrokerError;

/// The file, and whether it contradicts the log.
pub(crate) struct Witness {
    file: Option<PathBuf>,
    doubt: Mutex<Option<String>>,
}

impl Witness {
    /// Without a file nothing is kept or compared.
    pub(crate) fn new(file: Option<PathBuf>) -> Self {
        Self { file, doubt: Mutex::default() }
    }

    /// Why the log is not gone on with, if it is not.
    pub(crate) fn doubt(&self) -> Option<String> {
        self.doubt.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The note in the file; `None` where there is none yet.
    pub(crate) async fn note(&self) -> Result<Option<String>, BrokerError> {
        let Some(file) = self.file.clone() else { return Ok(None) };
        match tokio::task::spawn_blocking(move || std::fs::read_to_string(file)).await {
            Ok(Ok(note)) => Ok(Some(note)),
            Ok(Err(e)) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Ok(Err(e)) => Err(unusable("read", &e)),
            Err(e) => Err(BrokerError::Internal(e.to_string())),
        }
    }

    /// What the file vouches for.
    pub(crate) async fn checkpoint(&self, key: &VerifierKey) -> Result<Option<Checkpoint>, BrokerError> {
        self.note().await?.map(|note| self.open(&note, key)).transpose()
    }

    fn open(&self, note: &str, key: &VerifierKey) -> Result<Checkpoint, BrokerError> {
        Checkpoint::open(note, key).map_err(|e| self.refuse(&format!("it is not to be believed: {e}")))
    }

    /// Compares what the file vouches for with a log of this size and root.
    pub(crate) fn compare(&self, kept: Option<&Checkpoint>, size: u64, root: Hash) -> Result<(), BrokerError> {
        let Some(kept) = kept else { return Ok(()) };
        if kept.size > size {
            return Err(self.refuse(&format!("it vouches for {} leaves and the log has {size}: leaves are gone", kept.size)));
        }
        if kept.size == size && kept.root != root {
            return Err(self.refuse(&format!("the log of {size} leaves is another than the one that it vouches for")));
        }
        *self.doubt.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }

    fn refuse(&self, why: &str) -> BrokerError {
        let remedy =
            "Find out what was done to the database (`hallpass audit verify`); to go on with the log as it is, move the file away.";
        let name = self.file.as_deref().map(|file| file.display().to_string()).unwrap_or_default();
        let reason = format!("the log is not gone on with, because the checkpoint in {name} contradicts it: {why}");
        let mut doubt = self.doubt.lock().unwrap_or_else(PoisonError::into_inner);
        if doubt.as_ref() != Some(&reason) {
            tracing::error!("{reason}. {remedy}");
            *doubt = Some(reason.clone());
        }
        BrokerError::Unavailable { reason, remedy: remedy.into() }
    }

    /// Keeps the store's newest checkpoint: written, synced, renamed.
    pub(crate) async fn keep(&self, note: String, key: &VerifierKey) -> Result<(), BrokerError> {
        let Some(file) = self.file.clone() else { return Ok(()) };
        if let Some(kept) = self.note().await? {
            if kept == note {
                return Ok(());
            }
            let newest = Checkpoint::open(&note, key).map_err(|e| BrokerError::Internal(e.to_string()))?;
            self.compare(Some(&self.open(&kept, key)?), newest.size, newest.root)?;
        }
        match tokio::task::spawn_blocking(move || write(&file, &note)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(e)) => Err(unusable("written", &e)),
            Err(e) => Err(BrokerError::Internal(e.to_string())),
        }
    }
}

fn unusable(how: &str, e: &std::io::Error) -> BrokerError {
    BrokerError::Unavailable {
        reason: format!("the checkpoint file cannot be {how}: {e}"),
        remedy: "Make room, or give the broker the right to its data folder.".into(),
    }
}

fn write(file: &Path, note: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let beside = file.with_extension("new");
    let mut out = std::fs::File::create(&beside)?;
    out.write_all(note.as_bytes())?;
    out.sync_all()?;
    std::fs::rename(&beside, file)
}
