//! `[master_key]`: where the key of all keys comes from. One of three; by default a file in the data folder.

use std::path::PathBuf;

use serde::Deserialize;

/// Where the master key comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MasterKeyConfig {
    /// A file of mode 0600, made at the first start. By default `keys/master.key` in the data folder. Never keep it in the
    /// same backup as the database: whoever has both has every secret.
    pub file: Option<PathBuf>,
    /// The name of an environment variable that holds it.
    pub env: Option<String>,
    /// A program and its arguments that print it.
    pub command: Option<Vec<String>>,
}

impl MasterKeyConfig {
    /// Its keys in the file.
    pub(super) const KEYS: &'static [&'static str] = &["file", "env", "command"];

    /// How many sources are named.
    pub(super) fn named(&self) -> usize {
        usize::from(self.file.is_some()) + usize::from(self.env.is_some()) + usize::from(self.command.is_some())
    }
}
