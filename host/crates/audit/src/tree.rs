//! The Merkle tree of RFC 6962 section 2.1, kept as its frontier: the roots of its complete subtrees, at most 64 of them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// A hash in the tree: of a leaf, of a node, or the root.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The hash of a leaf's bytes: `SHA-256(0x00 ‖ bytes)`. Not the plain digest of them, so that no node passes for a leaf.
    pub fn of_leaf(bytes: &[u8]) -> Self {
        Self(Sha256::new().chain_update([0x00]).chain_update(bytes).finalize().into())
    }

    /// The hash of a node over its two children: `SHA-256(0x01 ‖ left ‖ right)`.
    #[must_use]
    pub fn of_node(left: Self, right: Self) -> Self {
        Self(Sha256::new().chain_update([0x01]).chain_update(left.0).chain_update(right.0).finalize().into())
    }

    /// The root of the tree without leaves: the SHA-256 of nothing.
    pub fn of_nothing() -> Self {
        Self(Sha256::digest([]).into())
    }

    /// Reads 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Reads the standard base64 that checkpoints use.
    pub fn from_base64(text: &str) -> Option<Self> {
        Self::from_slice(&STANDARD.decode(text).ok()?)
    }
}

impl fmt::Display for Hash {
    /// Standard base64, as in a checkpoint.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A tree that can grow. It holds no leaves: `size` and one root per bit of it say all that appending needs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree {
    size: u64,
    /// Roots of the complete subtrees, the largest (leftmost) first. As many as `size` has bits set.
    peaks: Vec<Hash>,
}

impl Tree {
    /// The tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many leaves it has; the index that the next one gets.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends one leaf.
    pub fn append(&mut self, leaf: Hash) {
        let mut node = leaf;
        // Every trailing one bit of the size is a complete subtree that this leaf completes into a larger one.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                node = Hash::of_node(left, node);
            }
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// The Merkle tree hash over all leaves.
    pub fn root(&self) -> Hash {
        self.peaks.iter().rev().copied().reduce(|right, left| Hash::of_node(left, right)).unwrap_or_else(Hash::of_nothing)
    }

    /// The state to store: the size as eight bytes, most significant first, then the peaks. At most 2 056 bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.size.to_be_bytes().to_vec();
        self.peaks.iter().for_each(|peak| out.extend_from_slice(&peak.0));
        out
    }

    /// Reads what [`Tree::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TreeStateError> {
        let wrong = TreeStateError { bytes: bytes.len() };
        let (size, rest) = bytes.split_first_chunk::<8>().ok_or(wrong)?;
        let size = u64::from_be_bytes(*size);
        let (peaks, extra) = rest.as_chunks::<32>();
        if !extra.is_empty() || peaks.len() != size.count_ones() as usize {
            return Err(wrong);
        }
        Ok(Self { size, peaks: peaks.iter().copied().map(Hash).collect() })
    }
}

impl Extend<Hash> for Tree {
    fn extend<I: IntoIterator<Item = Hash>>(&mut self, leaves: I) {
        leaves.into_iter().for_each(|leaf| self.append(leaf));
    }
}

/// A stored tree state that cannot be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the stored state of the audit tree is damaged ({bytes} bytes do not fit its size): \
     run `hallpass audit verify`, then restore the database from a backup"
)]
pub struct TreeStateError {
    /// How long it is.
    pub bytes: usize,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The leaves and roots that the Certificate Transparency implementations test with.
    const LEAVES: [&str; 8] = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    pub(crate) fn unhex(text: &str) -> Vec<u8> {
        text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }

    pub(crate) fn known_leaves() -> Vec<Hash> {
        LEAVES.iter().map(|leaf| Hash::of_leaf(&unhex(leaf))).collect()
    }

    /// RFC 6962 section 2.1, word for word: split at the largest power of two below the size.
    pub(crate) fn root_by_definition(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Hash::of_nothing(),
            [one] => *one,
            more => {
                let (left, right) = more.split_at(more.len().next_power_of_two() / 2);
                Hash::of_node(root_by_definition(left), root_by_definition(right))
            }
        }
    }

    #[test]
    fn the_roots_are_those_of_certificate_transparency() {
        let mut tree = Tree::new();
        for (size, root) in ROOTS.iter().enumerate() {
            assert_eq!(tree.root().0.to_vec(), unhex(root), "size {size}");
            tree.extend(known_leaves().get(size).copied());
        }
    }

    #[test]
    fn growing_one_by_one_gives_the_root_of_the_definition() {
        let leaves: Vec<Hash> = (0..300u32).map(|n| Hash::of_leaf(&n.to_be_bytes())).collect();
        let mut tree = Tree::new();
        for size in 0..=leaves.len() {
            assert_eq!(tree.root(), root_by_definition(&leaves[..size]), "size {size}");
            tree.extend(leaves.get(size).copied());
        }
    }

    #[test]
    fn a_stored_tree_goes_on_where_it_stopped() {
        let leaves: Vec<Hash> = (0..70u32).map(|n| Hash::of_leaf(&n.to_be_bytes())).collect();
        for stop in 0..leaves.len() {
            let mut before = Tree::new();
            before.extend(leaves[..stop].iter().copied());
            let mut after = Tree::from_bytes(&before.to_bytes()).unwrap();
            after.extend(leaves[stop..].iter().copied());
            assert_eq!(after.root(), root_by_definition(&leaves), "stopped at {stop}");
        }
    }

    #[test]
    fn a_damaged_state_is_refused() {
        let mut tree = Tree::new();
        tree.extend(known_leaves());
        tree.append(Hash::of_nothing());
        let bytes = tree.to_bytes();
        for cut in 0..bytes.len() {
            assert!(Tree::from_bytes(&bytes[..cut]).is_err(), "{cut} bytes");
        }
        let mut other_size = bytes;
        other_size[7] ^= 2;
        assert!(Tree::from_bytes(&other_size).is_err());
    }
}
