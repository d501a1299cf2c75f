//! Files that hold secrets: mode 0600, whole or not there, never overwritten.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use hallpass_domain::secret::SecretBytes;

/// Larger than any of our files.
const MAX_BYTES: u64 = 64 * 1024;

/// A secret file is not usable.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// It is not there.
    #[error("{} does not exist", .0.display())]
    Missing(PathBuf),
    /// It is there already.
    #[error("{} exists already and is not overwritten; move it away if its keys are no longer needed", .0.display())]
    Exists(PathBuf),
    /// Others may read or write it.
    #[error("{} has mode {mode:04o}: others could read the keys in it; run `chmod 600 {}`, and replace the keys if others had access", .path.display(), .path.display())]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A folder, a device, or too large.
    #[error("{} is no file of keys: it must be a regular file of at most 64 KiB", .0.display())]
    NotAFile(PathBuf),
    /// The operating system refused.
    #[error("{}: {source}; check that the folder exists, is writable and has space", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

fn io(path: &Path) -> impl FnOnce(io::Error) -> SecretFileError + '_ {
    |source| SecretFileError::Io { path: path.to_owned(), source }
}

/// Reads a secret file, unless anyone but its owner may touch it.
pub(crate) fn read(path: &Path) -> Result<SecretBytes, SecretFileError> {
    let mut file = File::open(path).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => SecretFileError::Missing(path.to_owned()),
        _ => io(path)(e),
    })?;
    // The open file is asked, not the path, so that nobody can swap it in between.
    let facts = file.metadata().map_err(io(path))?;
    if !facts.is_file() || facts.len() > MAX_BYTES {
        return Err(SecretFileError::NotAFile(path.to_owned()));
    }
    let mode = facts.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(SecretFileError::TooOpen { path: path.to_owned(), mode });
    }
    let mut bytes = Vec::with_capacity(usize::try_from(facts.len()).unwrap_or_default() + 1);
    file.read_to_end(&mut bytes).map_err(io(path))?;
    Ok(SecretBytes::new(bytes))
}

/// Makes a secret file of mode 0600. It appears whole, and only where none was: a crash leaves at most a `.new` beside it.
pub(crate) fn create(path: &Path, content: &[u8]) -> Result<(), SecretFileError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let draft = PathBuf::from(name);
    match fs::remove_file(&draft) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(io(&draft)(e)),
        _ => {}
    }
    let written = write(&draft, content).and_then(|()| {
        fs::hard_link(&draft, path).map_err(|e| match e.kind() {
            io::ErrorKind::AlreadyExists => SecretFileError::Exists(path.to_owned()),
            _ => io(path)(e),
        })
    });
    let removed = fs::remove_file(&draft).map_err(io(&draft));
    written?;
    removed?;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|f| f.sync_all()).map_err(io(folder))
}

fn write(path: &Path, content: &[u8]) -> Result<(), SecretFileError> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(io(path))?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(io(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_made_once_with_mode_0600() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        assert!(matches!(read(&path), Err(SecretFileError::Missing(_))));
        create(&path, b"first").unwrap();
        assert!(matches!(create(&path, b"second"), Err(SecretFileError::Exists(_))));
        assert_eq!(read(&path).unwrap().expose(), b"first");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft stays behind");
    }

    #[test]
    fn a_file_that_others_may_touch_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        create(&path, b"x").unwrap();
        for mode in [0o640, 0o604, 0o620, 0o601] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(read(&path), Err(SecretFileError::TooOpen { mode: m, .. }) if m == mode), "{mode:o}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert!(read(&path).is_ok(), "narrower is fine");
    }

    #[test]
    fn a_folder_and_a_huge_file_are_no_key_files() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(read(folder.path()), Err(SecretFileError::NotAFile(_))));
        let path = folder.path().join("key");
        create(&path, &vec![0; 70_000]).unwrap();
        assert!(matches!(read(&path), Err(SecretFileError::NotAFile(_))));
    }

    #[test]
    fn the_leftover_of_a_crash_does_not_stand_in_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(folder.path().join("key.new"), b"half").unwrap();
        create(&path, b"whole").unwrap();
        assert_eq!(read(&path).unwrap().expose(), b"whole");
    }
}
