//! Inclusion and consistency proofs (RFC 6962 sections 2.1.1 and 2.1.2) and their verification (RFC 9162 sections 2.1.3.2 and
//! 2.1.4.2).
//!
//! A proof is a list of roots of ranges of leaves. [`inclusion`] and [`consistency`] say which ranges; a [`Prover`] computes
//! them in one pass over the leaf hashes, with memory for the proof and one frontier, however long the log is.

use std::ops::Range;

use crate::tree::{Hash, Tree};

/// Ranges of leaf indexes whose roots make a proof, in the order of the proof. They never overlap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan(Vec<Range<u64>>);

impl Plan {
    /// The ranges, in the order of the proof.
    pub fn ranges(&self) -> &[Range<u64>] {
        &self.0
    }
}

/// What convinces that leaf `index` is in the tree of `size`. `None` when it has no such leaf.
pub fn inclusion(index: u64, size: u64) -> Option<Plan> {
    if index >= size {
        return None;
    }
    let mut ranges = Vec::new();
    let (mut from, mut to) = (0, size);
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            ranges.push(middle..to);
            to = middle;
        } else {
            ranges.push(from..middle);
            from = middle;
        }
    }
    ranges.reverse();
    Some(Plan(ranges))
}

/// What convinces that the tree of `old` leaves is the beginning of the tree of `new` leaves. `None` when it cannot be: `old` is
/// zero or larger than `new`.
pub fn consistency(old: u64, new: u64) -> Option<Plan> {
    if old == 0 || old > new {
        return None;
    }
    let mut ranges = Vec::new();
    let (mut from, mut to) = (0, new);
    // Descend to the edge of the old tree; what is cut off on the way is in the proof.
    while old != to {
        let middle = from + split(to - from);
        if old <= middle {
            ranges.push(middle..to);
            to = middle;
        } else {
            ranges.push(from..middle);
            from = middle;
        }
    }
    // The verifier knows the old root, so the old tree's own node is only sent when it is not the whole old tree.
    if from > 0 {
        ranges.push(from..to);
    }
    ranges.reverse();
    Some(Plan(ranges))
}

/// The largest power of two smaller than `size`, which is at least two.
fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// Computes the hashes of a [`Plan`] from the log's leaf hashes.
#[derive(Debug)]
pub struct Prover {
    next: u64,
    /// By first leaf, with their place in the proof.
    wanted: Vec<(usize, Range<u64>)>,
    done: Vec<(usize, Hash)>,
    tree: Tree,
}

impl Prover {
    /// A prover that waits for leaf 0.
    pub fn new(plan: &Plan) -> Self {
        let mut wanted: Vec<_> = plan.0.iter().cloned().enumerate().collect();
        // The first one last, so that it is popped first.
        wanted.sort_by_key(|(_, range)| std::cmp::Reverse(range.start));
        Self { next: 0, wanted, done: Vec::new(), tree: Tree::new() }
    }

    /// The next leaf that is needed, if any: leaves before it can be skipped with [`Prover::skip_to`].
    pub fn needs(&self) -> Option<u64> {
        self.wanted.last().map(|(_, range)| range.start.max(self.next))
    }

    /// Goes on at leaf `index`, which must not lie behind what is needed.
    pub fn skip_to(&mut self, index: u64) {
        self.next = index;
    }

    /// Takes the next leaf's hash.
    pub fn push(&mut self, leaf: Hash) {
        let index = self.next;
        self.next += 1;
        let Some((place, range)) = self.wanted.last() else { return };
        if index < range.start {
            return;
        }
        self.tree.append(leaf);
        if self.next == range.end {
            self.done.push((*place, std::mem::take(&mut self.tree).root()));
            self.wanted.pop();
        }
    }

    /// The proof. `None` when leaves are missing.
    pub fn finish(mut self) -> Option<Vec<Hash>> {
        if !self.wanted.is_empty() {
            return None;
        }
        self.done.sort_by_key(|(place, _)| *place);
        Some(self.done.into_iter().map(|(_, hash)| hash).collect())
    }
}

/// Computes a proof from all leaf hashes, first one first. `None` when there are too few.
pub fn prove(plan: &Plan, leaves: impl IntoIterator<Item = Hash>) -> Option<Vec<Hash>> {
    let mut prover = Prover::new(plan);
    for leaf in leaves {
        if prover.needs().is_none() {
            break;
        }
        prover.push(leaf);
    }
    prover.finish()
}

/// Whether `proof` shows that `leaf` stands at `index` in the tree of `size` with this `root`.
pub fn verify_inclusion(leaf: Hash, index: u64, size: u64, root: Hash, proof: &[Hash]) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = Hash::of_node(*sibling, hash);
            climb_to_left_child(&mut node, &mut last);
        } else {
            hash = Hash::of_node(hash, *sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == root
}

/// Whether `proof` shows that the tree of `old` leaves with `old_root` is the beginning of the tree of `new` leaves with
/// `new_root`. The empty tree is the beginning of every tree and needs no proof.
pub fn verify_consistency(old: u64, new: u64, old_root: Hash, new_root: Hash, proof: &[Hash]) -> bool {
    if old == 0 {
        return proof.is_empty() && old_root == Hash::of_nothing();
    }
    if old >= new {
        return old == new && proof.is_empty() && old_root == new_root;
    }
    let (mut node, mut last) = (old - 1, new - 1);
    let up = node.trailing_ones();
    node >>= up;
    last >>= up;
    // A complete old tree is itself the first node: the proof does not repeat it.
    let (start, rest) = if old.is_power_of_two() {
        (old_root, proof)
    } else {
        let Some((first, rest)) = proof.split_first() else { return false };
        (*first, rest)
    };
    let (mut old_hash, mut new_hash) = (start, start);
    for sibling in rest {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old_hash = Hash::of_node(*sibling, old_hash);
            new_hash = Hash::of_node(*sibling, new_hash);
            climb_to_left_child(&mut node, &mut last);
        } else {
            new_hash = Hash::of_node(new_hash, *sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old_hash == old_root && new_hash == new_root
}

/// A node at the right edge of its level has no sibling there until it is a right child: the levels between add nothing.
fn climb_to_left_child(node: &mut u64, last: &mut u64) {
    while *node & 1 == 0 && *node != 0 {
        *node >>= 1;
        *last >>= 1;
    }
}

#[cfg(test)]
mod tests;
