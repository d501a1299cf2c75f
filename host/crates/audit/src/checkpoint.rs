//! Checkpoints (C2SP `tlog-checkpoint`): a signed note of three lines that says which log, how many leaves, and their root.

use hallpass_domain::secret::Signer;

use crate::note::{self, NoteError, VerifierKey};
use crate::tree::{Hash, Tree};

/// What the log's key vouches for. Never sign two that contradict each other: keep the last one durable before it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: a name without a scheme, also the name of the key.
    pub origin: String,
    /// How many leaves.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

impl Checkpoint {
    /// The checkpoint of `tree` as it stands.
    pub fn of(origin: &str, tree: &Tree) -> Self {
        Self { origin: origin.to_owned(), size: tree.size(), root: tree.root() }
    }

    /// The signed note. The key's name is the origin.
    pub fn sign(&self, signer: &dyn Signer) -> Result<String, CheckpointError> {
        let text = format!("{}\n{}\n{}\n", self.origin, self.size, self.root);
        Ok(note::sign(&text, &self.origin, signer)?)
    }

    /// Reads a signed note, when `key` signed it and it speaks of the log that the key is named after.
    pub fn open(note: &str, key: &VerifierKey) -> Result<Self, CheckpointError> {
        Self::open_of(note, key, key.name())
    }

    /// Like [`Checkpoint::open`], for a log whose origin is another name than its key's.
    pub fn open_of(note: &str, key: &VerifierKey, origin: &str) -> Result<Self, CheckpointError> {
        // The origin first, unbelieved: a checkpoint of another log is not signed by our key, and that would say less.
        let claimed = note::split(note)?.0.lines().next().unwrap_or_default();
        if claimed != origin {
            return Err(CheckpointError::OtherOrigin { found: claimed.chars().take(200).collect(), expected: origin.to_owned() });
        }
        Self::read(note::open(note, key)?)
    }

    /// The three lines; further ones are extensions that are signed but say nothing to us.
    fn read(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.lines();
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(CheckpointError::Malformed("it has fewer than three lines"));
        };
        if size.is_empty() || !size.bytes().all(|b| b.is_ascii_digit()) || (size.len() > 1 && size.starts_with('0')) {
            return Err(CheckpointError::Malformed("its size is no decimal number"));
        }
        let size = size.parse().map_err(|_| CheckpointError::Malformed("its size is too large"))?;
        let root = Hash::from_base64(root).ok_or(CheckpointError::Malformed("its root is not 32 bytes in base64"))?;
        if lines.any(str::is_empty) {
            return Err(CheckpointError::Malformed("it has an empty extension line"));
        }
        Ok(Self { origin: origin.to_owned(), size, root })
    }
}

/// A checkpoint that cannot be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The note around it, or its signature.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// It speaks of another log.
    #[error("it is of the log {found:?}, not of {expected:?}: take the checkpoint and the key of the same installation")]
    OtherOrigin {
        /// The origin in it.
        found: String,
        /// The origin of the trusted key.
        expected: String,
    },
    /// Signed, but no checkpoint.
    #[error("this is no checkpoint: {0}")]
    Malformed(&'static str),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::tests::TestSigner;

    const ORIGIN: &str = "hallpass.example/log";

    fn three_leaves() -> Checkpoint {
        let mut tree = Tree::new();
        tree.extend([b"a", b"b", b"c"].map(|leaf| Hash::of_leaf(leaf)));
        Checkpoint::of(ORIGIN, &tree)
    }

    #[test]
    fn a_checkpoint_of_a_public_log_opens_with_its_published_key() {
        // A tree head of the Go checksum database, whose origin is another name than its key's.
        let key = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8".parse().unwrap();
        let note = "go.sum database tree\n6476701\nmb8QLQIs0Z0yP5Cstq6guj87oXWeC9gEM8oVikmm9Wk=\n\n\
            — sum.golang.org Az3grsLX85Gz+s1SiTbgkuqxgItqFq7gsMUEyVnrsa9LM7Us9S+1xbFIGu95949rj4nPRYfvimWEPWL+o3GeoWwOoAw=\n";
        assert_eq!(Checkpoint::open_of(note, &key, "go.sum database tree").unwrap().size, 6_476_701);
        assert!(Checkpoint::open_of(&note.replace("6476701", "6476702"), &key, "go.sum database tree").is_err());
    }

    #[test]
    fn what_is_signed_is_read_back() {
        let signer = TestSigner::new(9);
        let checkpoint = three_leaves();
        let note = checkpoint.sign(&signer).unwrap();
        assert_eq!(Checkpoint::open(&note, &signer.verifier(ORIGIN)).unwrap(), checkpoint);
    }

    #[test]
    fn another_log_is_named_before_its_signature_is_doubted() {
        let note = Checkpoint { origin: "other.example".into(), ..three_leaves() }.sign(&TestSigner::new(1)).unwrap();
        let error = Checkpoint::open(&note, &TestSigner::new(9).verifier(ORIGIN)).unwrap_err();
        assert_eq!(error, CheckpointError::OtherOrigin { found: "other.example".into(), expected: ORIGIN.into() });
    }

    #[test]
    fn a_signed_text_that_is_no_checkpoint_is_refused() {
        let signer = TestSigner::new(9);
        let root = three_leaves().root;
        for text in [
            format!("{ORIGIN}\n3\n"),
            format!("{ORIGIN}\n03\n{root}\n"),
            format!("{ORIGIN}\n+3\n{root}\n"),
            format!("{ORIGIN}\n-3\n{root}\n"),
            format!("{ORIGIN}\n\n{root}\n"),
            format!("{ORIGIN}\n18446744073709551616\n{root}\n"),
            format!("{ORIGIN}\n3\nAAAA\n"),
            format!("{ORIGIN}\n3\n{root}\n\nx\n"),
        ] {
            let note = note::sign(&text, ORIGIN, &signer).unwrap();
            let error = Checkpoint::open(&note, &signer.verifier(ORIGIN)).unwrap_err();
            assert!(matches!(error, CheckpointError::Malformed(_)), "{text:?}: {error}");
        }
        let extended = note::sign(&format!("{ORIGIN}\n3\n{root}\nextension\n"), ORIGIN, &signer).unwrap();
        assert_eq!(Checkpoint::open(&extended, &signer.verifier(ORIGIN)).unwrap(), three_leaves());
    }
}
