//! Who may publish what: detached signatures of plugin files, and the operator's policy about them.
//!
//! `<file>.sig` is a signed note (C2SP `signed-note`): five lines of text that name the file, an empty line, and one line per
//! signature, so that several people can sign one file.

use std::collections::BTreeSet;

use hallpass_audit::{VerifierKey, note};
use hallpass_domain::ids::Digest;
use hallpass_domain::port::{ConnectorFacts, NotAdmitted};
use hallpass_domain::secret::Signer;

/// The first line of what is signed.
const FORMAT: &str = "hallpass-connector-signature/v1";

/// What a signature covers: the file, and what it says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedFile {
    /// SHA-256 of the file.
    pub digest: Digest,
    /// Name in the manifest.
    pub name: String,
    /// Version in the manifest.
    pub version: String,
    /// Publisher in the manifest.
    pub publisher: String,
}

impl SignedFile {
    /// The file with these facts.
    pub fn of(facts: &ConnectorFacts) -> Self {
        let (name, version, publisher) = (facts.name.clone(), facts.version.clone(), facts.publisher.clone());
        Self { digest: facts.digest, name, version, publisher }
    }

    /// The text that is signed.
    pub fn text(&self) -> String {
        format!("{FORMAT}\ndigest {}\nname {}\nversion {}\npublisher {}\n", self.digest, self.name, self.version, self.publisher)
    }

    /// Signs it under the name of a key; `earlier` is a note with signatures of others, which stay.
    pub fn sign(&self, key_name: &str, signer: &dyn Signer, earlier: Option<&str>) -> Result<String, note::NoteError> {
        let signed = note::sign(&self.text(), key_name, signer)?;
        earlier.map_or(Ok(signed.clone()), |earlier| note::joined(earlier, &signed))
    }

    /// What a note claims, before anybody has checked who signed it.
    fn claimed(note: &str) -> Result<Self, String> {
        let text = note::unchecked(note).map_err(|e| e.to_string())?;
        let wrong = || String::from("its text is not that of a connector's signature");
        let mut lines = text.lines();
        if lines.next() != Some(FORMAT) {
            return Err(wrong());
        }
        let mut field = |key: &str| lines.next().and_then(|l| l.strip_prefix(key)).map(str::to_owned).ok_or_else(wrong);
        let claim = Self {
            digest: field("digest ")?.parse().map_err(|_| wrong())?,
            name: field("name ")?,
            version: field("version ")?,
            publisher: field("publisher ")?,
        };
        // Exactly these bytes: no line more, no other spelling.
        if claim.text() == text { Ok(claim) } else { Err(wrong()) }
    }
}

/// Whose connectors may be loaded.
#[derive(Debug, Clone, Default)]
pub struct TrustPolicy {
    /// Of several entries that fit a publisher the first one counts.
    pub publishers: Vec<TrustedPublisher>,
    /// Files without a signature are loaded too. For development: whoever may load connectors can then load any.
    pub allow_unsigned: bool,
}

/// Keys that speak for publishers.
#[derive(Debug, Clone)]
pub struct TrustedPublisher {
    /// The publisher's name; `*` stands for any characters.
    pub name: String,
    /// Their keys.
    pub keys: Vec<VerifierKey>,
    /// How many of the keys must have signed.
    pub required: usize,
}

/// A file that the policy lets in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trusted {
    /// What was signed; `None`: it came unsigned.
    pub(crate) file: Option<SignedFile>,
    /// The names of the keys that signed, sorted.
    pub(crate) signers: Vec<String>,
}

/// Why a file is not let in: a closed word for the log, and words for a person.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) why: &'static str,
    pub(crate) told: NotAdmitted,
}

impl Refused {
    pub(crate) fn new(why: &'static str, reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { why, told: NotAdmitted { reason: reason.into(), remedy: remedy.into() } }
    }
}

impl TrustPolicy {
    /// Whether a file with this digest may be looked into. A signature that is there must be good, whatever else is allowed.
    pub(crate) fn admit(&self, digest: Digest, signature: Option<&str>) -> Result<Trusted, Refused> {
        let Some(signature) = signature else {
            if self.allow_unsigned {
                return Ok(Trusted { file: None, signers: Vec::new() });
            }
            return Err(Refused::new(
                "unsigned",
                "it is not signed",
                "Send its .sig file along (`hallpass connector sign` makes one); for development alone, set `allow_unsigned = true` in [connectors]",
            ));
        };
        let claim = SignedFile::claimed(signature).map_err(|e| {
            Refused::new("bad-signature", format!("its signature cannot be read: {e}"), "Fetch or make the .sig file again")
        })?;
        if claim.digest != digest {
            return Err(Refused::new(
                "wrong-digest",
                format!("its signature is of another file: that one has the digest {}, this one {digest}", claim.digest),
                "Fetch the file and its .sig again; one of them was altered or belongs to another version",
            ));
        }
        let Some(publisher) = self.publishers.iter().find(|p| fits(&p.name, &claim.publisher)) else {
            return Err(Refused::new(
                "unknown-publisher",
                format!("its publisher `{}` is not one that this broker trusts", claim.publisher),
                "An operator adds the publisher and its keys to [[connectors.publishers]]",
            ));
        };
        let mut signers = BTreeSet::new();
        for key in &publisher.keys {
            match note::open(signature, key) {
                Ok(_) => {
                    signers.insert(key.to_string());
                }
                Err(note::NoteError::NotSigned { .. }) => {}
                Err(e) => {
                    let remedy = "Fetch the file and its .sig again; one of them was altered";
                    return Err(Refused::new("bad-signature", format!("a signature of it is bad: {e}"), remedy));
                }
            }
        }
        if signers.len() < publisher.required {
            return Err(Refused::new(
                "too-few-signatures",
                format!(
                    "{} of the trusted keys of `{}` signed it, and {} must: it is signed by {}, and trusted are {}",
                    signers.len(),
                    claim.publisher,
                    publisher.required,
                    note::signed_by(signature).join(", "),
                    publisher.keys.iter().map(key_id).collect::<Vec<_>>().join(", ")
                ),
                "Have it signed with the trusted keys: `hallpass connector sign FILE --key KEY` adds to the .sig file",
            ));
        }
        let signers = signers.iter().map(|key| key.split('+').next().unwrap_or_default().to_owned()).collect();
        Ok(Trusted { file: Some(claim), signers })
    }
}

/// A key as a signature line means it: `name+hash`.
fn key_id(key: &VerifierKey) -> String {
    format!("{}+{:08x}", key.name(), u32::from_be_bytes(key.id()))
}

/// Whether a name fits a pattern in which `*` stands for any characters.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, rest)) => name.strip_prefix(head).is_some_and(|tail| {
            tail.char_indices().map(|(at, _)| at).chain([tail.len()]).any(|at| fits(rest, tail.get(at..).unwrap_or_default()))
        }),
    }
}

#[cfg(test)]
mod tests;
