//! Ids: a prefix that says what it is, and a ULID (time of birth, then 80 random bits).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::name::NameError;
use crate::rng::{Rng, RngError};

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident = $prefix:literal;)+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// What the text begins with.
            pub const PREFIX: &'static str = $prefix;

            /// A new id, born `now`.
            pub fn new(now: Timestamp, rng: &dyn Rng) -> Result<Self, RngError> {
                Ok(Self(fresh($prefix, now, rng)?))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str { &self.0 }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                check($prefix, text).map(|()| Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> { text.parse() }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String { id.0 }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.pad(&self.0) }
        }
    )+};
}

ids! {
    /// One approver's verdict.
    ApprovalId = "ap_";
    /// A one-time enrolment link.
    EnrolmentId = "en_";
    /// An event.
    EventId = "ev_";
    /// A grant.
    GrantId = "gr_";
    /// A holding.
    HoldingId = "ho_";
    /// An operation.
    OperationId = "op_";
    /// A principal: user, agent or workload.
    PrincipalId = "pr_";
    /// A request.
    RequestId = "rq_";
    /// A target.
    TargetId = "tg_";
}

fn fresh(prefix: &str, now: Timestamp, rng: &dyn Rng) -> Result<String, RngError> {
    let random: [u8; 16] = crate::rng::bytes(rng)?;
    let id = ulid::Ulid::from_parts(now.as_unsigned(), u128::from_be_bytes(random));
    Ok(format!("{prefix}{}", id.to_string().to_ascii_lowercase()))
}

fn check(prefix: &'static str, text: &str) -> Result<(), NameError> {
    let ok = text.strip_prefix(prefix).is_some_and(|rest| {
        rest.len() == 26 && rest.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase()) && ulid::Ulid::from_string(rest).is_ok()
    });
    if ok { Ok(()) } else { Err(NameError::new("id", &format!("must look like {prefix}01j00000000000000000000000"))) }
}

/// The SHA-256 of something, as 64 hexadecimal digits; written `sha256:…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Digests `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(sha2::Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", hex::encode(self.0))
    }
}

impl FromStr for Digest {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let mut out = [0u8; 32];
        text.strip_prefix("sha256:")
            .filter(|hex| hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)))
            .and_then(|hex| hex::decode_to_slice(hex, &mut out).ok())
            .map(|()| Self(out))
            .ok_or_else(|| NameError::new("digest", "must be `sha256:` and 64 lowercase hexadecimal digits"))
    }
}

impl TryFrom<String> for Digest {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.to_string()
    }
}

/// One installation: eight characters `[a-z0-9]` that begin every stamp, so that two brokers on one target never touch
/// each other's work.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InstallationId(String);

impl InstallationId {
    /// A new installation.
    pub fn new(rng: &dyn Rng) -> Result<Self, RngError> {
        const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let random: [u8; 8] = crate::rng::bytes(rng)?;
        let text = random.iter().filter_map(|b| ALPHABET.get(usize::from(b % 32))).map(|b| char::from(*b)).collect();
        Ok(Self(text))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for InstallationId {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        let ok = text.len() == 8 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if ok { Ok(Self(text)) } else { Err(NameError::new("installation id", "must be eight characters a-z0-9")) }
    }
}

impl From<InstallationId> for String {
    fn from(id: InstallationId) -> String {
        id.0
    }
}

/// The host-made mark of a holding in the target: `hp_<installation>_<holding>`, `[a-z0-9_]`, 38 bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Stamp(String);

impl Stamp {
    /// The stamp of a holding.
    pub fn new(installation: &InstallationId, holding: &HoldingId) -> Self {
        let id = holding.as_str().trim_start_matches(HoldingId::PREFIX);
        Self(format!("hp_{}_{id}", installation.as_str()))
    }

    /// The stamp as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SeededRng;

    #[test]
    fn an_id_round_trips_and_another_kind_is_refused() {
        let id = GrantId::new(Timestamp(1_700_000_000_000), &SeededRng::new(1)).unwrap();
        assert_eq!(id.as_str().parse::<GrantId>().unwrap(), id);
        assert!(id.as_str().parse::<RequestId>().is_err());
        assert!("gr_".parse::<GrantId>().is_err());
        assert!("gr_01J00000000000000000000000".parse::<GrantId>().is_err(), "upper case is another text");
    }

    #[test]
    fn a_stamp_fits_the_alphabet_and_the_size() {
        let rng = SeededRng::new(7);
        let stamp = Stamp::new(&InstallationId::new(&rng).unwrap(), &HoldingId::new(Timestamp(1_700_000_000_000), &rng).unwrap());
        assert!(stamp.as_str().len() <= 48);
        assert!(stamp.as_str().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'));
    }

    #[test]
    fn a_digest_reads_only_its_own_form() {
        let d = Digest::of(b"x");
        assert_eq!(d.to_string().parse::<Digest>().unwrap(), d);
        assert!(d.to_string().to_uppercase().parse::<Digest>().is_err());
        assert!(d.to_string().parse::<Digest>().is_ok_and(|e| e == d));
    }
}
