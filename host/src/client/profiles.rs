//! Who one is towards which broker: a folder per profile, `keys.json` (mode 0600) and `profile.json`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hallpass_keyring::ClientKeys;
use serde::{Deserialize, Serialize};

use super::api::ClientError;

const KEYS: &str = "keys.json";
const PROFILE: &str = "profile.json";
const CURRENT: &str = "current";

/// A principal with its keys.
#[derive(Clone)]
pub struct Identity {
    /// The broker's address, without a slash at its end.
    pub broker: String,
    /// The principal's id.
    pub principal: String,
    /// The principal's name.
    pub name: String,
    /// Its keys.
    pub keys: Arc<ClientKeys>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    broker: String,
    principal: String,
    name: String,
}

/// The folder of profiles.
#[derive(Debug, Clone)]
pub struct Profiles(PathBuf);

impl Profiles {
    /// The profiles in this folder, which need not exist yet.
    pub fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// Keeps an identity as a new profile; the first one becomes the one that is used where none is named.
    pub fn save(&self, profile: &str, identity: &Identity) -> Result<(), ClientError> {
        let folder = self.folder_of(profile)?;
        make_private(&folder)?;
        identity.keys.write(&folder.join(KEYS)).map_err(|e| wrong(profile, e))?;
        let document = Document { broker: identity.broker.clone(), principal: identity.principal.clone(), name: identity.name.clone() };
        let text = serde_json::to_string_pretty(&document).map_err(|e| wrong(profile, e))?;
        fs::write(folder.join(PROFILE), text + "\n").map_err(|e| wrong(profile, e))?;
        if !self.0.join(CURRENT).exists() {
            self.choose(profile)?;
        }
        Ok(())
    }

    /// Loads a profile; where none is named, the chosen one.
    pub fn load(&self, profile: Option<&str>) -> Result<Identity, ClientError> {
        let profile = match profile {
            Some(profile) => profile.to_owned(),
            None => self.current().ok_or_else(|| ClientError::Profile {
                reason: String::from(
                    "there is no profile yet: enrol with `hallpass login LINK`, the link being the one that an operator gave you",
                ),
            })?,
        };
        let folder = self.folder_of(&profile)?;
        let text = fs::read_to_string(folder.join(PROFILE)).map_err(|_| ClientError::Profile {
            reason: format!("there is no profile {profile:?}; there are: {}", self.names().join(", ")),
        })?;
        let document: Document = serde_json::from_str(&text).map_err(|e| wrong(&profile, e))?;
        let keys = ClientKeys::read(&folder.join(KEYS)).map_err(|e| wrong(&profile, e))?;
        Ok(Identity { broker: document.broker, principal: document.principal, name: document.name, keys: Arc::new(keys) })
    }

    /// The profile that is used where none is named.
    pub fn current(&self) -> Option<String> {
        fs::read_to_string(self.0.join(CURRENT)).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// Makes a profile the one that is used where none is named.
    pub fn choose(&self, profile: &str) -> Result<(), ClientError> {
        fs::write(self.0.join(CURRENT), format!("{profile}\n")).map_err(|e| wrong(profile, e))
    }

    /// Whether there is a profile of this name.
    pub fn has(&self, profile: &str) -> bool {
        self.folder_of(profile).is_ok_and(|folder| folder.exists())
    }

    /// The names of all profiles, in order.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).into_iter().flatten().flatten();
        let mut names: Vec<String> =
            entries.filter(|e| e.path().join(PROFILE).is_file()).filter_map(|e| e.file_name().into_string().ok()).collect();
        names.sort();
        names
    }

    fn folder_of(&self, profile: &str) -> Result<PathBuf, ClientError> {
        let fine = profile.parse::<hallpass_domain::name::Name>().is_ok() && profile != CURRENT;
        fine.then(|| self.0.join(profile)).ok_or_else(|| ClientError::Profile {
            reason: format!("{profile:?} is no name for a profile: use a-z 0-9 . _ @ - and begin with a letter or digit"),
        })
    }
}

fn wrong(profile: &str, e: impl std::fmt::Display) -> ClientError {
    ClientError::Profile { reason: format!("the profile {profile:?} cannot be used: {e}") }
}

fn make_private(folder: &Path) -> Result<(), ClientError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|e| ClientError::Profile {
        reason: format!("the folder {} cannot be made: {e}; set HALLPASS_HOME to one that can", folder.display()),
    })
}

#[cfg(test)]
mod tests {
    use hallpass_domain::rng::SeededRng;

    use super::*;

    fn identity(name: &str, seed: u64) -> Identity {
        let keys = Arc::new(ClientKeys::generate(&SeededRng::new(seed)).unwrap());
        Identity { broker: "http://127.0.0.1:1".into(), principal: format!("pr_{name}"), name: name.into(), keys }
    }

    #[test]
    fn the_first_profile_is_used_until_another_is_chosen() {
        let folder = tempfile::tempdir().unwrap();
        let profiles = Profiles::new(folder.path().join("new"));
        assert!(profiles.load(None).err().unwrap().to_string().contains("hallpass login"));
        profiles.save("alice", &identity("alice", 1)).unwrap();
        profiles.save("bob", &identity("bob", 2)).unwrap();
        assert_eq!(profiles.names(), ["alice", "bob"]);
        assert_eq!(profiles.load(None).unwrap().name, "alice");
        assert_eq!(profiles.load(Some("bob")).unwrap().keys.signing_public(), identity("bob", 2).keys.signing_public());
        profiles.choose("bob").unwrap();
        assert_eq!(profiles.load(None).unwrap().name, "bob");
    }

    #[test]
    fn a_profile_is_never_overwritten_and_its_name_stays_in_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let profiles = Profiles::new(folder.path().to_owned());
        profiles.save("alice", &identity("alice", 1)).unwrap();
        assert!(profiles.save("alice", &identity("alice", 2)).is_err());
        for bad in ["../x", "", "a/b", ".", "current"] {
            assert!(profiles.save(bad, &identity("x", 3)).is_err(), "{bad}");
        }
        assert!(profiles.load(Some("carol")).err().unwrap().to_string().contains("alice"));
    }
}
