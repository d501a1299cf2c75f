//! The data folder: made for the server's user alone, and locked by one server at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::open::OpenError;

/// The lock of a data folder; released when it is dropped or the process ends in whatever way.
pub(crate) struct FolderLock {
    _file: File,
}

/// The database within a data folder.
pub(crate) fn database(folder: &Path) -> PathBuf {
    folder.join("hallpass.db")
}

/// Makes the folder where it is missing and locks it. The path is absolute afterwards.
pub(crate) fn lock(folder: &Path) -> Result<(PathBuf, FolderLock), OpenError> {
    let unusable = |error: std::io::Error| OpenError::Folder { folder: folder.to_owned(), reason: error.to_string() };
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(unusable)?;
    let absolute = folder.canonicalize().map_err(unusable)?;
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(absolute.join("hallpass.lock")).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok((absolute, FolderLock { _file: file })),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked { folder: absolute }),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}
