//! Every proof for every size up to seventy, and every way to bend one.

use super::*;
use crate::tree::tests::{known_leaves, root_by_definition, unhex};

const SIZES: u64 = 70;

fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|n| Hash::of_leaf(&n.to_be_bytes())).collect()
}

fn hashes(text: &[&str]) -> Vec<Hash> {
    text.iter().map(|hash| Hash::from_slice(&unhex(hash)).unwrap()).collect()
}

fn upto(leaves: &[Hash], size: u64) -> &[Hash] {
    &leaves[..usize::try_from(size).unwrap()]
}

/// RFC 6962 section 2.1.1: `PATH(m, D[n])`.
fn path_by_definition(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let k = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(k);
    let (mut path, other) = if index < k {
        (path_by_definition(index, left), root_by_definition(right))
    } else {
        (path_by_definition(index - k, right), root_by_definition(left))
    };
    path.push(other);
    path
}

/// RFC 6962 section 2.1.2: `SUBPROOF(m, D[n], b)`.
fn subproof_by_definition(old: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if whole { Vec::new() } else { vec![root_by_definition(leaves)] };
    }
    let k = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(k);
    let (mut proof, other) = if old <= k {
        (subproof_by_definition(old, left, whole), root_by_definition(right))
    } else {
        (subproof_by_definition(old - k, right, false), root_by_definition(left))
    };
    proof.push(other);
    proof
}

#[test]
fn the_proofs_are_those_of_certificate_transparency() {
    let inclusion_0_of_8 = hashes(&[
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]);
    assert_eq!(prove(&inclusion(0, 8).unwrap(), known_leaves()).unwrap(), inclusion_0_of_8);
    let consistency_6_to_8 = hashes(&[
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]);
    assert_eq!(prove(&consistency(6, 8).unwrap(), known_leaves()).unwrap(), consistency_6_to_8);
}

#[test]
fn every_leaf_of_every_size_is_proven_included() {
    let all = leaves(SIZES);
    for size in 1..=SIZES {
        let root = root_by_definition(upto(&all, size));
        for index in 0..size {
            let proof = prove(&inclusion(index, size).unwrap(), all.iter().copied()).unwrap();
            assert_eq!(proof, path_by_definition(usize::try_from(index).unwrap(), upto(&all, size)), "{index} of {size}");
            let leaf = all[usize::try_from(index).unwrap()];
            assert!(verify_inclusion(leaf, index, size, root, &proof), "{index} of {size}");
        }
        assert_eq!(inclusion(size, size), None);
    }
}

#[test]
fn every_size_is_proven_to_begin_every_larger_one() {
    let all = leaves(SIZES);
    for new in 1..=SIZES {
        let new_root = root_by_definition(upto(&all, new));
        for old in 1..=new {
            let old_root = root_by_definition(upto(&all, old));
            let proof = prove(&consistency(old, new).unwrap(), all.iter().copied()).unwrap();
            assert_eq!(proof, subproof_by_definition(usize::try_from(old).unwrap(), upto(&all, new), true), "{old} to {new}");
            assert!(verify_consistency(old, new, old_root, new_root, &proof), "{old} to {new}");
        }
        assert!(verify_consistency(0, new, Hash::of_nothing(), new_root, &[]));
        assert_eq!(consistency(new + 1, new), None);
    }
}

/// All the ways to bend a proof: each bit-flipped, dropped, doubled or swapped hash.
fn bent(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let mut out = Vec::new();
    for at in 0..proof.len() {
        let mut flipped = proof.to_vec();
        flipped[at].0[at % 32] ^= 1;
        let mut dropped = proof.to_vec();
        dropped.remove(at);
        let mut doubled = proof.to_vec();
        doubled.insert(at, proof[at]);
        out.extend([flipped, dropped, doubled]);
        if at > 0 {
            let mut swapped = proof.to_vec();
            swapped.swap(at - 1, at);
            out.push(swapped);
        }
    }
    let mut longer = proof.to_vec();
    longer.push(Hash::of_nothing());
    out.push(longer);
    out
}

#[test]
fn a_bent_inclusion_proof_convinces_nobody() {
    let all = leaves(33);
    for size in [1, 2, 7, 8, 21, 32, 33] {
        let root = root_by_definition(upto(&all, size));
        for index in 0..size {
            let leaf = all[usize::try_from(index).unwrap()];
            let proof = prove(&inclusion(index, size).unwrap(), all.iter().copied()).unwrap();
            for other in bent(&proof) {
                assert!(!verify_inclusion(leaf, index, size, root, &other), "{index} of {size}");
            }
            assert!(!verify_inclusion(Hash::of_leaf(b"another"), index, size, root, &proof));
            assert!(!verify_inclusion(leaf, index, size, Hash::of_nothing(), &proof));
            assert!(!verify_inclusion(leaf, size, size, root, &proof));
            for elsewhere in (0..size).filter(|other| *other != index) {
                assert!(!verify_inclusion(leaf, elsewhere, size, root, &proof), "{index} passed for {elsewhere} of {size}");
            }
        }
    }
}

#[test]
fn a_bent_consistency_proof_convinces_nobody() {
    let all = leaves(33);
    for new in [2, 7, 8, 21, 32, 33] {
        let new_root = root_by_definition(upto(&all, new));
        for old in 1..new {
            let old_root = root_by_definition(upto(&all, old));
            let proof = prove(&consistency(old, new).unwrap(), all.iter().copied()).unwrap();
            for other in bent(&proof) {
                assert!(!verify_consistency(old, new, old_root, new_root, &other), "{old} to {new}");
            }
            assert!(!verify_consistency(old, new, Hash::of_nothing(), new_root, &proof));
            assert!(!verify_consistency(old, new, old_root, Hash::of_nothing(), &proof));
            assert!(!verify_consistency(new, old, new_root, old_root, &proof));
        }
    }
}

#[test]
fn a_prover_may_skip_what_it_does_not_need() {
    let all = leaves(64);
    for index in 0..64 {
        let plan = inclusion(index, 64).unwrap();
        let mut prover = Prover::new(&plan);
        let mut read = 0;
        while let Some(next) = prover.needs() {
            prover.skip_to(next);
            prover.push(all[usize::try_from(next).unwrap()]);
            read += 1;
        }
        assert_eq!(prover.finish(), prove(&plan, all.iter().copied()));
        assert_eq!(read, 63, "everything but the leaf itself");
    }
}

#[test]
fn a_proof_is_not_made_from_too_few_leaves() {
    assert_eq!(prove(&inclusion(3, 8).unwrap(), leaves(7)), None);
}
