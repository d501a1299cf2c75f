//! `[policies]`: the folder of Cedar policies and `routes.toml`.

use std::path::PathBuf;

use serde::Deserialize;

/// Where the policies are. Without a folder only the built-in set is in force: nobody can ask for anything.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policies {
    /// A folder with `*.cedar` files and one `routes.toml`.
    pub dir: Option<PathBuf>,
}

impl Policies {
    /// Its keys in the file.
    pub(super) const KEYS: &'static [&'static str] = &["dir"];
}
