//! The published key set of a broker: which keys sign passes and which sign approvals.
//!
//! JSON: `{"keys":[{"algorithm":"ed25519","key_bytes":"<hex>","key_id":1,"use":"issuer"}, …]}`, the member names of a
//! Biscuit web key plus `use`. A member that we do not know is refused: it might be one that limits the key.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a published key may sign. The audit key is not among them: it signs no pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyUse {
    /// Block 0 of a pass.
    Issuer,
    /// The approval of one exact call.
    Approval,
}

/// One published Ed25519 key (RFC 8032).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedKey {
    /// The id that a pass names; unique in the set.
    pub key_id: u32,
    /// What it may sign.
    pub key_use: KeyUse,
    /// The public key.
    pub public_key: [u8; 32],
}

/// A key set is unusable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the key set is not usable: {0}; fetch it again from the broker: GET /v1/keys")]
pub struct KeySetError(String);

/// The keys of one broker. Old and new keys stand beside each other while keys change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySet {
    keys: BTreeMap<u32, PublishedKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    keys: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    algorithm: String,
    key_bytes: String,
    key_id: u32,
    #[serde(rename = "use")]
    key_use: KeyUse,
}

impl KeySet {
    /// The set of these keys.
    ///
    /// # Errors
    /// When an id stands twice, a key is no Ed25519 key, or one key has two uses.
    pub fn new(published: impl IntoIterator<Item = PublishedKey>) -> Result<Self, KeySetError> {
        let mut keys: BTreeMap<u32, PublishedKey> = BTreeMap::new();
        for key in published {
            if biscuit_auth::PublicKey::from_bytes(&key.public_key, biscuit_auth::Algorithm::Ed25519).is_err() {
                return Err(KeySetError(format!("key {} is no Ed25519 public key", key.key_id)));
            }
            if keys.values().any(|k| k.public_key == key.public_key) {
                return Err(KeySetError(format!("key {} stands under another id too", key.key_id)));
            }
            let id = key.key_id;
            if keys.insert(id, key).is_some() {
                return Err(KeySetError(format!("key id {id} stands twice")));
            }
        }
        Ok(Self { keys })
    }

    /// Reads the published JSON.
    pub fn from_json(text: &str) -> Result<Self, KeySetError> {
        let document: Document = serde_json::from_str(text).map_err(|e| KeySetError(e.to_string()))?;
        let keys = document.keys.into_iter().map(|entry| {
            let mut public_key = [0u8; 32];
            if entry.algorithm != "ed25519" {
                return Err(KeySetError(format!("key {} is of algorithm {:?}, only ed25519 is used", entry.key_id, entry.algorithm)));
            }
            hex::decode_to_slice(&entry.key_bytes, &mut public_key)
                .map_err(|_| KeySetError(format!("key {} is not 64 hexadecimal digits", entry.key_id)))?;
            Ok(PublishedKey { key_id: entry.key_id, key_use: entry.key_use, public_key })
        });
        Self::new(keys.collect::<Result<Vec<_>, _>>()?)
    }

    /// The JSON to publish.
    pub fn to_json(&self) -> serde_json::Value {
        let keys: Vec<_> = self
            .keys
            .values()
            .map(|k| serde_json::json!({"algorithm": "ed25519", "key_bytes": hex::encode(k.public_key), "key_id": k.key_id, "use": k.key_use}))
            .collect();
        serde_json::json!({ "keys": keys })
    }

    /// The key that may sign block 0 under this id. Absent and unknown ids have none: "try all" would let any key of
    /// the set sign for any other.
    pub(crate) fn issuer(&self, key_id: Option<u32>) -> Option<&[u8; 32]> {
        self.keys.get(&key_id?).filter(|k| k.key_use == KeyUse::Issuer).map(|k| &k.public_key)
    }

    /// Whether this key may sign approvals.
    pub(crate) fn approves(&self, public_key: &[u8]) -> bool {
        self.keys.values().any(|k| k.key_use == KeyUse::Approval && k.public_key == public_key)
    }
}

impl Serialize for KeySet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(key_id: u32, key_use: KeyUse, seed: u8) -> PublishedKey {
        let private = biscuit_auth::PrivateKey::from_bytes(&[seed; 32], biscuit_auth::Algorithm::Ed25519).unwrap();
        PublishedKey { key_id, key_use, public_key: private.public().to_bytes().try_into().unwrap() }
    }

    #[test]
    fn a_set_is_read_back_as_it_was_published() {
        let set = KeySet::new([key(1, KeyUse::Issuer, 1), key(2, KeyUse::Approval, 2)]).unwrap();
        assert_eq!(KeySet::from_json(&set.to_json().to_string()).unwrap(), set);
    }

    #[test]
    fn each_key_signs_only_what_it_is_for() {
        let approval = key(2, KeyUse::Approval, 2);
        let set = KeySet::new([key(1, KeyUse::Issuer, 1), approval.clone()]).unwrap();
        assert!(set.issuer(Some(1)).is_some());
        assert!(set.issuer(Some(2)).is_none(), "an approval key issues nothing");
        assert!(set.issuer(Some(3)).is_none());
        assert!(set.issuer(None).is_none());
        assert!(set.approves(&approval.public_key));
        assert!(!set.approves(&key(1, KeyUse::Issuer, 1).public_key));
    }

    #[test]
    fn ambiguous_and_unreadable_sets_are_refused() {
        assert!(KeySet::new([key(1, KeyUse::Issuer, 1), key(1, KeyUse::Issuer, 2)]).is_err());
        assert!(KeySet::new([key(1, KeyUse::Issuer, 1), key(2, KeyUse::Approval, 1)]).is_err());
        let good = KeySet::new([key(1, KeyUse::Issuer, 1)]).unwrap().to_json().to_string();
        for (from, to) in
            [("ed25519", "secp256r1"), ("issuer", "audit"), ("key_id\":1", "key_id\":-1"), ("\"use\"", "\"expires_at\":0,\"use\"")]
        {
            let bad = good.replace(from, to);
            assert_ne!(bad, good);
            assert!(KeySet::from_json(&bad).is_err(), "{bad}");
        }
    }
}
