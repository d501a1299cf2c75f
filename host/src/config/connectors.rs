//! `[connectors]`: whose connectors may be loaded.

use hallpass_broker::{TrustPolicy, TrustedPublisher, VerifierKey};
use serde::Deserialize;

/// Whose connectors may be loaded. By default nobody's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Connectors {
    /// Connectors without a signature are loaded too. For development alone: the log warns about it.
    pub allow_unsigned: bool,
    /// Publishers and their keys; of several that fit a connector's publisher the first one counts.
    pub publishers: Vec<Publisher>,
    /// After so many broken rules in a row, over all nodes, a target's calls to a version of its connector stop.
    pub strikes: Option<u32>,
}

/// Keys that speak for publishers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publisher {
    /// The publisher in the manifest; `*` stands for any characters.
    pub name: String,
    /// The keys, as `hallpass connector keygen` prints them.
    pub keys: Vec<String>,
    /// How many of them must sign; all where nothing is said.
    pub required: Option<usize>,
}

impl Connectors {
    /// Its keys in the file.
    pub(super) const KEYS: &'static [&'static str] = &["allow_unsigned", "publishers", "strikes"];

    /// The broker's trust policy; what is wrong with it otherwise.
    pub fn trust(&self) -> Result<TrustPolicy, String> {
        let publishers = self.publishers.iter().map(Publisher::read).collect::<Result<_, _>>()?;
        Ok(TrustPolicy { publishers, allow_unsigned: self.allow_unsigned })
    }
}

impl Publisher {
    fn read(&self) -> Result<TrustedPublisher, String> {
        let wrong = |what: String| format!("publisher \"{}\": {what}", self.name);
        let mut keys: Vec<VerifierKey> = Vec::new();
        for text in &self.keys {
            let key: VerifierKey =
                text.parse().map_err(|e| wrong(format!("{e}. Use the line that `hallpass connector keygen` printed")))?;
            if keys.contains(&key) {
                return Err(wrong(format!("the key {} stands twice", key.name())));
            }
            keys.push(key);
        }
        let required = self.required.unwrap_or(keys.len());
        if required == 0 || required > keys.len() {
            return Err(wrong(format!("{required} of {} keys must sign; it must be at least one and no more than there are", keys.len())));
        }
        Ok(TrustedPublisher { name: self.name.clone(), keys, required })
    }
}
