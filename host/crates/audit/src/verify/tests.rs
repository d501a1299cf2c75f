//! Each way to tamper with a log is found and named, and a whole log is called whole.

use super::*;
use crate::note::{NoteError, tests::TestSigner};

const ORIGIN: &str = "hallpass.example/log";

/// A log of small leaves, its key, and checkpoints of any size of it.
struct Log {
    signer: TestSigner,
    rows: Vec<(u64, Vec<u8>, [u8; 32])>,
}

impl Log {
    fn new(size: u64) -> Self {
        let rows = (0..size).map(|n| Self::row(n, format!("event {n}").into_bytes())).collect();
        Self { signer: TestSigner::new(5), rows }
    }

    fn row(index: u64, bytes: Vec<u8>) -> (u64, Vec<u8>, [u8; 32]) {
        let digest = Sha256::digest(&bytes).into();
        (index, bytes, digest)
    }

    fn key(&self) -> VerifierKey {
        self.signer.verifier(ORIGIN)
    }

    fn checkpoint(&self, size: usize) -> String {
        let mut tree = Tree::new();
        tree.extend(self.rows[..size].iter().map(|(_, bytes, _)| Hash::of_leaf(bytes)));
        Checkpoint::of(ORIGIN, &tree).sign(&self.signer).unwrap()
    }

    fn verify(&self, stored: Option<&str>, external: Option<&str>) -> Report {
        let entries = self.rows.iter().map(|(index, bytes, digest)| Entry { index: *index, bytes, digest: *digest });
        let notes = [(Which::Stored, stored), (Which::External, external)];
        let notes: Vec<_> = notes.into_iter().filter_map(|(which, note)| Some((which, note?))).collect();
        verify_log(entries, &self.key(), &notes, Vec::new())
    }
}

#[test]
fn a_whole_log_is_whole_for_every_size_and_every_older_checkpoint() {
    for size in 0..40 {
        let log = Log::new(size);
        let stored = log.checkpoint(log.rows.len());
        for older in 0..=log.rows.len() {
            let report = log.verify(Some(&stored), Some(&log.checkpoint(older)));
            assert_eq!(report.findings, [], "{older} of {size}");
            assert_eq!((report.size, report.uncovered, report.checkpoints.len()), (size, 0, 2));
        }
    }
}

#[test]
fn every_altered_byte_is_named_by_its_leaf() {
    let stored = Log::new(20).checkpoint(20);
    for index in 0..20 {
        for at in 0..Log::new(20).rows[index].1.len() {
            let mut log = Log::new(20);
            log.rows[index].1[at] ^= 0x20;
            let report = log.verify(Some(&stored), None);
            let expected = [Finding::AlteredLeaf { index: index as u64 }, Finding::RootDiffers { which: Which::Stored, size: 20 }];
            assert_eq!(report.findings, expected, "byte {at} of leaf {index}");
        }
    }
}

#[test]
fn a_digest_that_was_altered_is_named_though_the_root_fits() {
    let mut log = Log::new(8);
    let stored = log.checkpoint(8);
    log.rows[3].2[0] ^= 1;
    assert_eq!(log.verify(Some(&stored), None).findings, [Finding::AlteredLeaf { index: 3 }]);
}

#[test]
fn a_cut_tail_is_found_by_either_checkpoint() {
    let mut log = Log::new(20);
    let (stored, external) = (log.checkpoint(20), log.checkpoint(17));
    log.rows.truncate(16);
    let report = log.verify(Some(&stored), Some(&external));
    let expected =
        [Finding::CutTail { which: Which::Stored, have: 16, size: 20 }, Finding::CutTail { which: Which::External, have: 16, size: 17 }];
    assert_eq!(report.findings, expected);
    assert_eq!(
        report.findings[0].to_string(),
        "cut tail: the log has 16 leaves, the stored checkpoint vouches for 20: leaves 16 to 19 are gone"
    );
}

#[test]
fn a_tail_cut_together_with_the_stored_checkpoint_is_found_by_the_one_kept_elsewhere() {
    let mut log = Log::new(20);
    let external = log.checkpoint(20);
    log.rows.truncate(16);
    let stored = log.checkpoint(16);
    assert!(log.verify(Some(&stored), None).is_whole(), "with the key and the database alone nothing is to be seen");
    let expected = [
        Finding::CutTail { which: Which::External, have: 16, size: 20 },
        Finding::RolledBack { stored: 16, which: Which::External, size: 20 },
    ];
    assert_eq!(log.verify(Some(&stored), Some(&external)).findings, expected);
}

#[test]
fn a_rewritten_tree_is_named_though_every_digest_fits() {
    let mut log = Log::new(20);
    let stored = log.checkpoint(20);
    log.rows[7] = Log::row(7, b"another event".to_vec());
    let report = log.verify(Some(&stored), None);
    assert!(matches!(report.findings[..], [Finding::RewrittenTree { which: Which::Stored, size: 20, .. }]), "{:?}", report.findings);
}

#[test]
fn a_tree_rewritten_and_signed_anew_is_found_by_the_checkpoint_kept_elsewhere() {
    let mut log = Log::new(20);
    let external = log.checkpoint(12);
    log.rows[7] = Log::row(7, b"another event".to_vec());
    let stored = log.checkpoint(20);
    assert!(log.verify(Some(&stored), None).is_whole());
    let report = log.verify(Some(&stored), Some(&external));
    assert!(matches!(report.findings[..], [Finding::RewrittenTree { which: Which::External, size: 12, .. }]), "{:?}", report.findings);
}

#[test]
fn an_alteration_behind_the_older_checkpoint_does_not_excuse_a_rewrite_before_it() {
    let mut log = Log::new(20);
    let (stored, external) = (log.checkpoint(20), log.checkpoint(12));
    log.rows[7] = Log::row(7, b"another event".to_vec());
    log.rows[15].1[0] ^= 1;
    let words: Vec<_> = log.verify(Some(&stored), Some(&external)).findings.iter().map(Finding::word).collect();
    assert_eq!(words, ["altered-leaf", "root-differs", "rewritten-tree"]);
}

#[test]
fn a_leaf_taken_out_of_the_middle_is_named() {
    let mut log = Log::new(9);
    let stored = log.checkpoint(9);
    log.rows.remove(4);
    let expected = [Finding::MissingLeaf { expected: 4, found: 5 }, Finding::CutTail { which: Which::Stored, have: 8, size: 9 }];
    assert_eq!(log.verify(Some(&stored), None).findings, expected);
}

#[test]
fn leaves_that_changed_places_are_found() {
    let mut log = Log::new(9);
    let stored = log.checkpoint(9);
    let (left, right) = log.rows.split_at_mut(5);
    std::mem::swap(&mut left[4].1, &mut right[0].1);
    std::mem::swap(&mut left[4].2, &mut right[0].2);
    assert!(matches!(log.verify(Some(&stored), None).findings[..], [Finding::RewrittenTree { .. }]));
}

#[test]
fn an_empty_log_without_a_checkpoint_is_whole_and_one_with_leaves_is_not() {
    assert!(Log::new(0).verify(None, None).is_whole());
    assert_eq!(Log::new(3).verify(None, None).findings, [Finding::NoCheckpoint { have: 3 }]);
}

#[test]
fn a_checkpoint_that_is_not_to_be_believed_is_named_and_decides_nothing() {
    let log = Log::new(5);
    let stored = log.checkpoint(5);
    let forged = stored.replace("\n5\n", "\n4\n");
    let report = log.verify(Some(&forged), None);
    assert!(
        matches!(
            &report.findings[..],
            [Finding::Unbelievable { which: Which::Stored, error: CheckpointError::Note(NoteError::BadSignature { .. }) }]
        ),
        "{:?}",
        report.findings
    );
    let foreign = Checkpoint { origin: "other.example".into(), size: 5, root: Hash::of_nothing() }.sign(&log.signer).unwrap();
    let report = log.verify(Some(&stored), Some(&foreign));
    assert!(
        matches!(&report.findings[..], [Finding::Unbelievable { which: Which::External, error: CheckpointError::OtherOrigin { .. } }]),
        "{:?}",
        report.findings
    );
}

#[test]
fn leaves_after_the_checkpoint_and_events_without_an_index_are_listed_not_blamed() {
    let log = Log::new(10);
    let stored = log.checkpoint(7);
    let entries = log.rows.iter().map(|(index, bytes, digest)| Entry { index: *index, bytes, digest: *digest });
    let report = verify_log(entries, &log.key(), &[(Which::Stored, &stored)], vec!["ev_1".into()]);
    assert!(report.is_whole());
    assert_eq!((report.uncovered, report.unsequenced), (3, vec!["ev_1".to_owned()]));
}

#[test]
fn a_thousand_altered_leaves_do_not_flood_the_report() {
    let mut log = Log::new(1000);
    let stored = log.checkpoint(1000);
    log.rows.iter_mut().for_each(|(_, bytes, _)| bytes[0] ^= 1);
    let report = log.verify(Some(&stored), None);
    assert_eq!((report.findings.len(), report.more_altered), (101, 900));
}
