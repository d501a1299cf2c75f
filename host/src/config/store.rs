//! `[store]`: SQLite in the data folder, or a PostgreSQL database.

use hallpass_domain::secret::SecretText;
use serde::{Deserialize, Deserializer};

/// Where everything is recorded. Without a key: SQLite in the data folder.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreConfig {
    /// `postgres://user:password@host/database`. May hold a password, so it is not printed.
    #[serde(deserialize_with = "secret")]
    pub postgres_url: Option<SecretText>,
}

impl StoreConfig {
    /// Its keys in the file.
    pub(super) const KEYS: &'static [&'static str] = &["postgres_url"];
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretText>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(SecretText::new))
}
