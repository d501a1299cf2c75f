//! Connector versions: where one stands, what may happen to it, and what it is permitted.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Conflict;
use crate::clock::Timestamp;
use crate::ids::Digest;
use crate::name::NameError;
use crate::text_enum::text_enum;

text_enum! {
    /// Where a version of a connector stands. A version is its file: two of them stand side by side.
    pub enum ConnectorState {
        /// Checked and kept; no target uses it yet.
        Loaded => "loaded",
        /// New calls of at least one target use it.
        Active => "active",
        /// No target uses it any more; it waits for its last holding.
        Retiring => "retiring",
        /// Gone from memory and cache. Its record and file stay, so that it can come back.
        Unloaded => "unloaded",
        /// Found malicious: never runs again. Final.
        Banned => "banned",
    }
}

/// What can happen to a version of a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectorEvent {
    /// Its file came again.
    Load,
    /// A target begins to use it.
    Activate,
    /// The last target left it, or somebody wants it gone.
    Retire,
    /// Nothing holds it any more.
    Unload,
    /// It was found malicious.
    Ban,
}

impl ConnectorEvent {
    /// Every event.
    pub const ALL: [Self; 5] = [Self::Load, Self::Activate, Self::Retire, Self::Unload, Self::Ban];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Activate => "activate",
            Self::Retire => "retire",
            Self::Unload => "unload",
            Self::Ban => "ban",
        }
    }
}

impl ConnectorState {
    /// Whether calls may be made with it: holdings of a retiring version are still revoked by it.
    pub const fn is_callable(self) -> bool {
        matches!(self, Self::Loaded | Self::Active | Self::Retiring)
    }

    /// The state after `event`.
    pub fn on(self, event: ConnectorEvent) -> Result<Self, Conflict> {
        use ConnectorEvent as E;
        use ConnectorState as S;
        match (self, event) {
            (S::Loaded | S::Unloaded, E::Load) => Ok(S::Loaded),
            (S::Active, E::Load) | (S::Loaded | S::Active | S::Retiring | S::Unloaded, E::Activate) => Ok(S::Active),
            (S::Retiring, E::Load) | (S::Loaded | S::Active | S::Retiring, E::Retire) => Ok(S::Retiring),
            (S::Retiring, E::Unload) => Ok(S::Unloaded),
            (S::Loaded | S::Active | S::Retiring | S::Unloaded, E::Ban) => Ok(S::Banned),
            _ => Err(Conflict { noun: "connector", state: self.as_str(), event: event.as_str() }),
        }
    }
}

/// A version as the manifest writes it: three numbers, ordered as numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32, pub u32);

impl FromStr for Version {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let mut parts = text.split('.').map(|part| part.parse::<u32>().ok().filter(|n| n.to_string() == part));
        match (parts.next().flatten(), parts.next().flatten(), parts.next().flatten(), parts.next()) {
            (Some(major), Some(minor), Some(patch), None) => Ok(Self(major, minor, patch)),
            _ => Err(NameError::new("version", "must be three numbers, such as 0.1.0")),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// What of two lists of permissions is only in one of them, in the order of the lists.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PermissionDiff {
    /// Asked for and not granted before.
    pub added: Vec<String>,
    /// Granted before and not asked for any more.
    pub removed: Vec<String>,
}

impl PermissionDiff {
    /// From what was granted to what is asked for. Permissions are compared as the lines that an operator reads.
    pub fn between(granted: &[String], asked: &[String]) -> Self {
        let only = |these: &[String], those: &[String]| these.iter().filter(|line| !those.contains(line)).cloned().collect();
        Self { added: only(asked, granted), removed: only(granted, asked) }
    }

    /// Whether a person must say yes: it asks for something that nobody has granted.
    pub fn widens(&self) -> bool {
        !self.added.is_empty()
    }
}

/// The digest of a list of permissions as it was read: whoever accepts names it, so that nobody accepts what they did not see.
pub fn permissions_digest(lines: &[String]) -> Digest {
    // Each line with its length before it: no two lists have the same bytes.
    let mut bytes = Vec::new();
    for line in lines {
        bytes.extend_from_slice(line.len().to_string().as_bytes());
        bytes.push(b':');
        bytes.extend_from_slice(line.as_bytes());
    }
    Digest::of(&bytes)
}

/// The calls of one target to one version have stopped: it broke the rules too often in a row there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantine {
    /// The version.
    pub connector: Digest,
    /// Since when.
    pub since: Timestamp,
    /// What it did, in words for a person.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_table() {
        use ConnectorState as S;
        //                 load              activate         retire             unload             ban
        let table = [
            (S::Loaded, [Some(S::Loaded), Some(S::Active), Some(S::Retiring), None, Some(S::Banned)]),
            (S::Active, [Some(S::Active), Some(S::Active), Some(S::Retiring), None, Some(S::Banned)]),
            (S::Retiring, [Some(S::Retiring), Some(S::Active), Some(S::Retiring), Some(S::Unloaded), Some(S::Banned)]),
            (S::Unloaded, [Some(S::Loaded), Some(S::Active), None, None, Some(S::Banned)]),
            (S::Banned, [None, None, None, None, None]),
        ];
        assert_eq!(table.len(), S::ALL.len());
        for (state, row) in table {
            for (event, next) in ConnectorEvent::ALL.into_iter().zip(row) {
                assert_eq!(state.on(event).ok(), next, "{state} on {event:?}");
            }
        }
    }

    #[test]
    fn versions_are_ordered_as_numbers() {
        let version = |text: &str| text.parse::<Version>().unwrap();
        assert!(version("0.10.0") > version("0.9.9"));
        assert!(version("1.0.0") > version("0.99.99"));
        for bad in ["1", "1.0", "1.0.0.0", "01.0.0", "1.0.-1", "1.0.x", ""] {
            assert!(bad.parse::<Version>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn asking_for_less_widens_nothing() {
        let lines = |of: &[&str]| of.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let less = PermissionDiff::between(&lines(&["a", "b"]), &lines(&["b"]));
        assert!(!less.widens());
        assert_eq!(less.removed, ["a"]);
        let other = PermissionDiff::between(&lines(&["a"]), &lines(&["a!", "a"]));
        assert!(other.widens());
        assert_eq!(other.added, ["a!"]);
    }

    #[test]
    fn a_list_of_permissions_has_a_digest_of_its_own() {
        let digest = |of: &[&str]| permissions_digest(&of.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
        assert_ne!(digest(&["a", "b"]), digest(&["b", "a"]));
        assert_ne!(digest(&["1:a"]), digest(&["", "a"]));
    }
}
