//! `[server]`: where the broker listens, what it calls itself, where its folder is.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

/// Where the broker listens and keeps its data.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// The one folder that holds database, keys, cache and checkpoint.
    pub data: PathBuf,
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The address that clients use: issuer of passes and audience of session tokens. Required unless `listen` is loopback.
    pub public_url: Option<String>,
    /// This node's name among all nodes of one database.
    pub node: String,
    /// What is logged: a level, or directives such as `info,hallpass_broker=debug`.
    pub log: String,
    /// Logs as JSON, one object a line.
    pub log_json: bool,
}

impl Server {
    /// Its keys in the file.
    pub(super) const KEYS: &'static [&'static str] = &["data", "listen", "public_url", "node", "log", "log_json"];
}

impl Default for Server {
    fn default() -> Self {
        Self {
            data: PathBuf::from("hallpass-data"),
            listen: SocketAddr::from(([127, 0, 0, 1], 8420)),
            public_url: None,
            node: String::from("node-1"),
            log: String::from("info"),
            log_json: false,
        }
    }
}
