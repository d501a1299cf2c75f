//! What the tools of other languages need: an interpreter, and packages that a lock file pins.

use std::fs;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::process::{command, output_of};
use crate::{Error, debian};

/// A program that a build runs, and how to get it.
pub(crate) struct Program {
    /// As on PATH.
    pub(crate) name: &'static str,
    /// Arguments with which it succeeds where it is new enough and whole.
    pub(crate) probe: &'static [&'static str],
    /// What it is, with the oldest version.
    pub(crate) wanted: &'static str,
    /// What Debian and Ubuntu call it.
    pub(crate) packages: &'static [&'static str],
    /// What it is for.
    pub(crate) why: &'static str,
}

/// Sees to it that the program is there. Errors: [`Error::NoProgram`].
pub(crate) fn ensure(program: &Program, report: &mut dyn FnMut(&str)) -> Result<(), Error> {
    let works = || output_of(command(program.name).args(program.probe)).is_some();
    if works() {
        return Ok(());
    }
    let tried = match debian::install(program.packages, program.why, report) {
        Ok(()) if works() => return Ok(()),
        Ok(()) => "the package that apt-get installed is too old".to_owned(),
        Err(why) => why,
    };
    Err(Error::NoProgram { program: program.name, wanted: program.wanted, packages: program.packages.join(" "), tried })
}

/// Runs `install` unless it has run to its end with this very `lock` file into this `folder`.
pub(crate) fn once(lock: &Path, folder: &Path, install: impl FnOnce() -> Result<(), Error>) -> Result<(), Error> {
    let pinned = fs::read(lock).map_err(|source| Error::read(lock, source))?;
    let digest = hex::encode(Sha256::digest(&pinned));
    let stamp = folder.join(".installed-for");
    if fs::read_to_string(&stamp).is_ok_and(|done| done == digest) {
        return Ok(());
    }
    install()?;
    fs::write(&stamp, digest).map_err(|source| Error::write(&stamp, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_installed_again_only_when_the_lock_file_changed() {
        let dir = tempfile::tempdir().unwrap();
        let lock = dir.path().join("lock");
        let mut runs = 0;
        for (content, expected) in [("one", 1), ("one", 1), ("two", 2)] {
            fs::write(&lock, content).unwrap();
            once(&lock, dir.path(), || {
                runs += 1;
                Ok(())
            })
            .unwrap();
            assert_eq!(runs, expected);
        }
        fs::write(&lock, "three").unwrap();
        assert!(once(&lock, dir.path(), || Err(Error::UnknownLanguage { found: String::new() })).is_err());
        once(&lock, dir.path(), || {
            runs += 1;
            Ok(())
        })
        .unwrap();
        assert_eq!(runs, 3, "an installation that failed is done again");
    }

    #[test]
    fn a_program_that_is_not_there_is_named_with_its_remedy() {
        let tried = "not root".to_owned();
        let error = Error::NoProgram { program: "node", wanted: "Node.js 18 or later", packages: "nodejs npm".to_owned(), tried };
        let text = error.to_string();
        assert!(text.contains("`node`") && text.contains("Node.js 18 or later") && text.contains("apt-get install nodejs npm"), "{text}");
    }
}
