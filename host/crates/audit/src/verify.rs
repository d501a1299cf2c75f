//! The check of a whole log against its checkpoints: one pass, bounded memory, and a name for each thing that is wrong.
//!
//! Independent witnesses are compared: the leaf's bytes, the digest that was stored beside them when the event was written, what
//! the store files the leaf under, and the signed roots: the stored one, the one in the file beside the database, and one that was
//! kept elsewhere. Bytes against digest says *which* leaf was altered; the roots say that something was, even
//! where whoever did it made every digest fit. A checkpoint kept elsewhere also finds what someone with the key and the
//! database could do: sign another history.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::note::VerifierKey;
use crate::tree::{Hash, Tree};

/// A sequenced leaf as the store holds it.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Its place in the log.
    pub index: u64,
    /// Its exact bytes.
    pub bytes: &'a [u8],
    /// The SHA-256 of its bytes, as stored when it was written.
    pub digest: [u8; 32],
}

/// Which checkpoint is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The one that the store holds.
    Stored,
    /// The one in the file beside the database.
    Beside,
    /// The one that was kept elsewhere.
    External,
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stored => "the stored checkpoint",
            Self::Beside => "the checkpoint beside the database",
            Self::External => "the checkpoint kept elsewhere",
        })
    }
}

/// Something that is wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// A leaf's bytes do not fit the digest that was stored with them.
    #[error("altered leaf: the bytes of leaf {index} do not fit the digest that was stored when it was written")]
    AlteredLeaf {
        /// Its place.
        index: u64,
    },
    /// The store files a leaf under something else than what it says.
    #[error("relabelled leaf: the store's {column} of leaf {index} is not the one in the leaf")]
    RelabelledLeaf {
        /// Its place.
        index: u64,
        /// The column that differs.
        column: &'static str,
    },
    /// A value does not fit the commitment in its leaf.
    #[error("altered value: {field} of leaf {index} does not fit the commitment in the leaf")]
    AlteredValue {
        /// The leaf's place.
        index: u64,
        /// The name of the fact.
        field: String,
    },
    /// A leaf in the middle is gone, or stands twice.
    #[error("missing leaf: after leaf {expected} was due, leaf {found} came")]
    MissingLeaf {
        /// The index that was due.
        expected: u64,
        /// The index that came.
        found: u64,
    },
    /// The log is shorter than a checkpoint says.
    #[error("cut tail: the log has {have} leaves, {which} vouches for {size}: leaves {have} to {} are gone", size.saturating_sub(1))]
    CutTail {
        /// Who says so.
        which: Which,
        /// Leaves that are there.
        have: u64,
        /// Leaves that must be there.
        size: u64,
    },
    /// Every digest fits, but the leaves are not those that were signed.
    #[error("rewritten tree: every digest fits, but the root over the first {size} leaves is {computed}, {which} says {signed}")]
    RewrittenTree {
        /// Who says so.
        which: Which,
        /// Over how many leaves.
        size: u64,
        /// The root of what is there.
        computed: Hash,
        /// The root that was signed.
        signed: Hash,
    },
    /// The root does not fit, as is to be expected after an altered or missing leaf.
    #[error("the root over the first {size} leaves is not the one that {which} says, because of the leaves named above")]
    RootDiffers {
        /// Who says so.
        which: Which,
        /// Over how many leaves.
        size: u64,
    },
    /// The stored checkpoint is older than another one: it was put back.
    #[error("rolled back: the stored checkpoint vouches for {stored} leaves, {which} for {size}")]
    RolledBack {
        /// Leaves of the stored one.
        stored: u64,
        /// Which one knows of more.
        which: Which,
        /// Leaves of that one.
        size: u64,
    },
    /// The store has another audit key than the one that is trusted.
    #[error("other key: the audit key in the store is not the one that is trusted")]
    OtherKey,
    /// There are leaves, and no checkpoint is stored.
    #[error("no checkpoint: the log has {have} leaves and the store holds no checkpoint of them")]
    NoCheckpoint {
        /// Leaves that are there.
        have: u64,
    },
    /// A checkpoint that cannot be believed: false signature, other log, not a checkpoint.
    #[error("{which} is not to be believed: {error}")]
    Unbelievable {
        /// Which one.
        which: Which,
        /// Why.
        error: CheckpointError,
    },
}

impl Finding {
    /// A stable word for machines.
    pub fn word(&self) -> &'static str {
        match self {
            Self::AlteredLeaf { .. } => "altered-leaf",
            Self::RelabelledLeaf { .. } => "relabelled-leaf",
            Self::AlteredValue { .. } => "altered-value",
            Self::MissingLeaf { .. } => "missing-leaf",
            Self::CutTail { .. } => "cut-tail",
            Self::RewrittenTree { .. } => "rewritten-tree",
            Self::RootDiffers { .. } => "root-differs",
            Self::RolledBack { .. } => "rolled-back",
            Self::OtherKey => "other-key",
            Self::NoCheckpoint { .. } => "no-checkpoint",
            Self::Unbelievable { .. } => "unbelievable-checkpoint",
        }
    }
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Sequenced leaves that are there.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// The checkpoints that were believed, and their number of leaves.
    pub checkpoints: Vec<(Which, u64)>,
    /// Leaves after the stored checkpoint: sequenced while the check ran, or not signed yet.
    pub uncovered: u64,
    /// Ids of events that have no index yet.
    pub unsequenced: Vec<String>,
    /// What is wrong, in the order of the log. Alterations beyond the first hundred are only counted.
    pub findings: Vec<Finding>,
    /// Alterations that are not in `findings` one by one.
    pub more_altered: u64,
}

impl Report {
    /// Whether nothing is wrong. Events without an index are not wrong: they are listed.
    pub fn is_whole(&self) -> bool {
        self.findings.is_empty()
    }
}

/// How many alterations are named one by one.
const MOST_NAMED: u64 = 100;

/// A check in progress, for leaves that come in pages. Give it the checkpoints *before* the leaves are read, so that a log
/// that grows meanwhile is longer than they say, never shorter.
#[derive(Debug)]
pub struct LogCheck {
    tree: Tree,
    expected: u64,
    /// Checkpoints that were believed, with the root of the leaves at their size once it is known.
    believed: Vec<(Which, Checkpoint, Option<Hash>)>,
    /// Whether the store holds a checkpoint, believed or not.
    stored: bool,
    /// The first leaf that was altered or missing: roots from there on cannot fit.
    first_damage: Option<u64>,
    findings: Vec<Finding>,
    doubts: Vec<Finding>,
    altered: u64,
}

impl LogCheck {
    /// A check against these checkpoints, signed notes that only `key` makes believable.
    pub fn new(key: &VerifierKey, notes: &[(Which, &str)]) -> Self {
        let mut believed = Vec::new();
        let mut doubts = Vec::new();
        for (which, note) in notes {
            let which = *which;
            match Checkpoint::open(note, key) {
                Ok(checkpoint) => {
                    let empty = (checkpoint.size == 0).then(Hash::of_nothing);
                    believed.push((which, checkpoint, empty));
                }
                Err(error) => doubts.push(Finding::Unbelievable { which, error }),
            }
        }
        Self {
            tree: Tree::new(),
            expected: 0,
            believed,
            stored: notes.iter().any(|(which, _)| *which == Which::Stored),
            first_damage: None,
            findings: Vec::new(),
            doubts,
            altered: 0,
        }
    }

    /// The next leaf, in the order of the indexes.
    pub fn leaf(&mut self, entry: Entry<'_>) {
        if entry.index != self.expected {
            self.damaged(self.expected.min(entry.index));
            self.findings.push(Finding::MissingLeaf { expected: self.expected, found: entry.index });
        }
        let digest: [u8; 32] = Sha256::digest(entry.bytes).into();
        if digest != entry.digest {
            self.damaged(entry.index);
            self.alteration(Finding::AlteredLeaf { index: entry.index });
        }
        self.expected = entry.index.saturating_add(1);
        self.tree.append(Hash::of_leaf(entry.bytes));
        let size = self.tree.size();
        if self.believed.iter().any(|(_, checkpoint, _)| checkpoint.size == size) {
            let root = self.tree.root();
            for (_, checkpoint, seen) in &mut self.believed {
                if checkpoint.size == size {
                    *seen = Some(root);
                }
            }
        }
    }

    /// The store files this leaf under another value of `column` than the leaf's own.
    pub fn relabelled(&mut self, index: u64, column: &'static str) {
        self.alteration(Finding::RelabelledLeaf { index, column });
    }

    /// The value behind a commitment of this leaf does not fit it.
    pub fn altered_value(&mut self, index: u64, field: String) {
        self.alteration(Finding::AlteredValue { index, field });
    }

    /// The store's audit key is not the trusted one.
    pub fn other_key(&mut self) {
        self.doubts.push(Finding::OtherKey);
    }

    fn alteration(&mut self, finding: Finding) {
        self.altered += 1;
        if self.altered <= MOST_NAMED {
            self.findings.push(finding);
        }
    }

    fn damaged(&mut self, index: u64) {
        self.first_damage = Some(self.first_damage.map_or(index, |first| first.min(index)));
    }

    /// The verdict, with the ids of the events that have no index yet.
    pub fn finish(mut self, unsequenced: Vec<String>) -> Report {
        let have = self.tree.size();
        for (which, checkpoint, seen) in &self.believed {
            let (which, size) = (*which, checkpoint.size);
            match seen {
                None => self.findings.push(Finding::CutTail { which, have, size }),
                Some(root) if *root == checkpoint.root => {}
                Some(_) if self.first_damage.is_some_and(|first| first < size) => {
                    self.findings.push(Finding::RootDiffers { which, size });
                }
                Some(computed) => {
                    self.findings.push(Finding::RewrittenTree { which, size, computed: *computed, signed: checkpoint.root });
                }
            }
        }
        let stored = self.believed.iter().find(|(which, ..)| *which == Which::Stored).map(|(_, checkpoint, _)| checkpoint.size);
        for (which, checkpoint, _) in &self.believed {
            if let Some(stored) = stored.filter(|stored| *stored < checkpoint.size) {
                self.findings.push(Finding::RolledBack { stored, which: *which, size: checkpoint.size });
            }
        }
        if !self.stored && have > 0 {
            self.findings.push(Finding::NoCheckpoint { have });
        }
        self.findings.append(&mut self.doubts);
        Report {
            size: have,
            root: self.tree.root(),
            uncovered: have.saturating_sub(stored.unwrap_or(0)),
            checkpoints: self.believed.iter().map(|(which, checkpoint, _)| (*which, checkpoint.size)).collect(),
            unsequenced,
            findings: self.findings,
            more_altered: self.altered.saturating_sub(MOST_NAMED),
        }
    }
}

/// Checks a log whose leaves are at hand. For one that comes in pages use [`LogCheck`].
pub fn verify_log<'a>(
    leaves: impl IntoIterator<Item = Entry<'a>>,
    key: &VerifierKey,
    notes: &[(Which, &str)],
    unsequenced: Vec<String>,
) -> Report {
    let mut check = LogCheck::new(key, notes);
    leaves.into_iter().for_each(|entry| check.leaf(entry));
    check.finish(unsequenced)
}

#[cfg(test)]
mod tests;
