//! From file, variables and flags to one configuration.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::{Table, Value};

use super::connectors::Connectors;
use super::environment::Environment;
use super::limits::Limits;
use super::master_key::MasterKeyConfig;
use super::policies::Policies;
use super::server::Server;
use super::store::StoreConfig;

/// Everything that can be configured.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where the broker listens and keeps its data.
    pub server: Server,
    /// Where everything is recorded.
    pub store: StoreConfig,
    /// Where the key of all keys comes from.
    pub master_key: MasterKeyConfig,
    /// Where the policies are.
    pub policies: Policies,
    /// Whose connectors may be loaded.
    pub connectors: Connectors,
    /// Times.
    pub limits: Limits,
}

/// What the command line says; it overrides file and variables.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// The configuration file; `HALLPASS_CONFIG` where none is given.
    pub config: Option<PathBuf>,
    /// `server.data`.
    pub data: Option<PathBuf>,
    /// `server.listen`.
    pub listen: Option<SocketAddr>,
    /// `policies.dir`.
    pub policies: Option<PathBuf>,
}

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration file {} cannot be read: {cause}. Name another with --config, or correct its rights", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// The file has a mistake. The text names line and column, and for an unknown key the known ones.
    #[error("the configuration file {} is not usable: {cause}", .path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// Where and why.
        cause: String,
    },
    /// A variable has a value that its key does not take.
    #[error("the environment variable {name} is not usable: {cause}")]
    Variable {
        /// The variable.
        name: String,
        /// Why.
        cause: String,
    },
    /// A variable of ours that means nothing.
    #[error("the environment variable {name} means nothing to Hallpass: correct its name or unset it; known are {}", .known.join(", "))]
    UnknownVariable {
        /// The variable.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// Values that do not go together.
    #[error("{key}: {reason}")]
    Contradiction {
        /// The key.
        key: &'static str,
        /// What is wrong, and what to do.
        reason: String,
    },
}

pub(super) const SECTIONS: [(&str, &[&str]); 6] = [
    ("server", Server::KEYS),
    ("store", StoreConfig::KEYS),
    ("master_key", MasterKeyConfig::KEYS),
    ("policies", Policies::KEYS),
    ("connectors", Connectors::KEYS),
    ("limits", Limits::KEYS),
];

/// The keys that hold a path. In the file, a relative one is taken from the folder that the file lies in.
const PATHS: [(&str, &str); 3] = [("server", "data"), ("master_key", "file"), ("policies", "dir")];

impl Config {
    /// Reads file, variables and flags, each overriding the one before. A relative path is taken from where it is written: in the file
    /// from the file's folder, in a variable or a flag from the working directory.
    pub fn load(flags: &Flags, environment: &Environment) -> Result<Self, ConfigError> {
        let path = flags.config.clone().or_else(|| environment.get("HALLPASS_CONFIG").map(PathBuf::from));
        let text = match &path {
            Some(path) => std::fs::read_to_string(path).map_err(|cause| ConfigError::Unreadable { path: path.clone(), cause })?,
            None => String::new(),
        };
        let mut config = Self::from_texts(&text, path.as_deref().unwrap_or(Path::new("")), environment)?;
        if let Some(data) = &flags.data {
            config.server.data.clone_from(data);
        }
        if let Some(listen) = flags.listen {
            config.server.listen = listen;
        }
        if flags.policies.is_some() {
            config.policies.dir.clone_from(&flags.policies);
        }
        config.check()?;
        Ok(config)
    }

    /// The file's text with the variables over it.
    fn from_texts(text: &str, path: &Path, environment: &Environment) -> Result<Self, ConfigError> {
        let wrong = |cause: toml::de::Error| ConfigError::Wrong { path: path.to_owned(), cause: cause.to_string().trim_end().to_owned() };
        // The text first, as it stands: only so do errors know their line.
        toml::from_str::<Self>(text).map_err(wrong)?;
        let mut table: Table = toml::from_str(text).map_err(wrong)?;
        beside(&mut table, path.parent().unwrap_or(Path::new("")));
        let mut config = Self::deserialize(table.clone()).map_err(wrong)?;
        let variables = variables();
        for (name, section, key) in &variables {
            let Some(value) = environment.get(name) else { continue };
            let entry = table.entry(*section).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(entry) = entry {
                entry.insert((*key).to_owned(), value_of(key, value));
            }
            config = Self::deserialize(table.clone())
                .map_err(|cause: toml::de::Error| ConfigError::Variable { name: name.clone(), cause: cause.message().to_owned() })?;
        }
        // The variable that holds the master key may have any name.
        let meant: Vec<String> = variables.into_iter().map(|(name, _, _)| name).chain(config.master_key.env.clone()).collect();
        if let Some(name) = environment.unknown(&meant) {
            return Err(ConfigError::UnknownVariable { name: name.to_owned(), known: meant });
        }
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let contradiction = |key, reason: &str| Err(ConfigError::Contradiction { key, reason: reason.to_owned() });
        if self.master_key.named() > 1 {
            return contradiction("master_key", "name one of file, env and command, not several");
        }
        if self.master_key.command.as_ref().is_some_and(Vec::is_empty) {
            return contradiction("master_key.command", "name the program to run");
        }
        if let Err(reason) = self.connectors.trust() {
            return contradiction("connectors.publishers", &reason);
        }
        if self.connectors.strikes == Some(0) {
            return contradiction("connectors.strikes", "must be at least 1");
        }
        if self.server.public_url.is_none() && !self.server.listen.ip().is_loopback() {
            return contradiction(
                "server.public_url",
                "is required when server.listen is not a loopback address: set it to the address that clients use, such as https://hallpass.example",
            );
        }
        if let Some(url) = &self.server.public_url {
            let parsed = url::Url::parse(url).ok().filter(|u| matches!(u.scheme(), "http" | "https") && u.host().is_some());
            if parsed.is_none_or(|u| u.query().is_some() || u.fragment().is_some()) || url.ends_with('/') {
                return contradiction("server.public_url", "must be an http or https address without query and without a slash at its end");
            }
        }
        Ok(())
    }
}

/// Takes the relative paths of a file from its folder: what it means must not depend on where the broker is started.
fn beside(table: &mut Table, folder: &Path) {
    for (section, key) in PATHS {
        if let Some(Value::String(path)) = table.get_mut(section).and_then(|section| section.get_mut(key))
            && let Some(joined) = folder.join(&*path).to_str()
        {
            joined.clone_into(path);
        }
    }
}

/// Every variable that stands for a key: its name, section and key.
fn variables() -> Vec<(String, &'static str, &'static str)> {
    let keys = SECTIONS.iter().flat_map(|(section, keys)| keys.iter().map(|key| (*section, *key)));
    keys.map(|(section, key)| (format!("HALLPASS_{}_{}", section.to_uppercase(), key.to_uppercase()), section, key)).collect()
}

/// A variable's text as the type that its key takes.
fn value_of(key: &str, text: &str) -> Value {
    match (key, text) {
        ("command", text) => Value::Array(text.split_whitespace().map(|part| Value::String(part.to_owned())).collect()),
        ("log_json" | "allow_unsigned", "true" | "1") => Value::Boolean(true),
        ("log_json" | "allow_unsigned", "false" | "0") => Value::Boolean(false),
        ("strikes", text) => text.parse().map_or_else(|_| Value::String(text.to_owned()), Value::Integer),
        // As in the file, in one line.
        ("publishers", text) => {
            let line: Option<Table> = toml::from_str(&format!("it = {text}")).ok();
            line.and_then(|mut line| line.remove("it")).unwrap_or_else(|| Value::String(text.to_owned()))
        }
        _ => Value::String(text.to_owned()),
    }
}
