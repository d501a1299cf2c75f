//! Where PostgreSQL's server programs are, and how they get there on Debian and Ubuntu when they are missing.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::account::{self, Account};
use super::guard::command;
use super::{ClusterError, Reporter};

/// Where Debian, Ubuntu and their relatives keep the server programs of each major version.
const VERSIONED: &str = "/usr/lib/postgresql";
/// Debian's package makes and starts a cluster when it is installed. A file here keeps it from that, for as long as it exists.
const CLUSTER_SETTINGS: &str = "/etc/postgresql-common/createcluster.d";

/// The server programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries(Option<PathBuf>);

impl Binaries {
    /// What the programs' names begin with: nothing when they are on PATH, else their folder and a slash.
    pub(super) fn prefix(&self) -> PathBuf {
        self.0.as_ref().map(|folder| folder.join("")).unwrap_or_default()
    }

    /// Whether the account can run them.
    fn usable(&self, account: Option<&Account>) -> bool {
        ["initdb", "pg_ctl", "postgres"].into_iter().all(|name| {
            let program = self.prefix().join(name);
            let status = command(&program.to_string_lossy(), account).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
            status.is_ok_and(|status| status.success())
        })
    }
}

/// Finds the programs on PATH, else the newest under `/usr/lib/postgresql`.
pub(super) fn find(account: Option<&Account>) -> Option<Binaries> {
    let on_path = Binaries(None);
    if on_path.usable(account) {
        return Some(on_path);
    }
    versions(Path::new(VERSIONED)).into_iter().map(|folder| Binaries(Some(folder))).find(|binaries| binaries.usable(account))
}

/// The `bin` folders under `root`, the newest major version first.
fn versions(root: &Path) -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir(root)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin")))
        })
        .collect();
    found.sort_by_key(|(major, _)| std::cmp::Reverse(*major));
    found.into_iter().map(|(_, folder)| folder).collect()
}

/// Installs PostgreSQL with apt, when we are root on a machine that has it.
pub(super) fn install(report: Reporter<'_>) -> Result<(), ClusterError> {
    if !account::we_are_root() || !Path::new("/etc/debian_version").exists() {
        return Err(ClusterError::NoBinaries);
    }
    let _no_cluster = NoDefaultCluster::set()?;
    hallpass_build::debian::install(&["postgresql"], "a private PostgreSQL is started", &mut |line| report(line))
        .map_err(ClusterError::Install)
}

/// While it lives, installing PostgreSQL makes and starts no cluster. It leaves nothing behind.
struct NoDefaultCluster {
    file: PathBuf,
    /// The folders that were made for it, the innermost first.
    made: Vec<PathBuf>,
}

impl NoDefaultCluster {
    fn set() -> Result<Self, ClusterError> {
        let folder = Path::new(CLUSTER_SETTINGS);
        let made = folder.ancestors().take_while(|path| !path.exists()).map(Path::to_owned).collect();
        let file = folder.join("zz-hallpass.conf");
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&file, "create_main_cluster = off\n"))
            .map_err(|error| ClusterError::File { path: file.clone(), error })?;
        Ok(Self { file, made })
    }
}

impl Drop for NoDefaultCluster {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
        for folder in &self.made {
            // Fails where the package has put something into it, and that is right.
            let _ = std::fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_comes_first_by_number_not_by_text() {
        let root = tempfile::tempdir().unwrap();
        for name in ["9", "15", "17", "common"] {
            std::fs::create_dir(root.path().join(name)).unwrap();
        }
        let names: Vec<_> = versions(root.path()).iter().map(|path| path.strip_prefix(root.path()).unwrap().to_owned()).collect();
        assert_eq!(names, ["17/bin", "15/bin", "9/bin"].map(PathBuf::from));
    }

    #[test]
    fn a_machine_without_versioned_programs_has_none() {
        assert_eq!(versions(Path::new("/nonexistent/postgresql")), Vec::<PathBuf>::new());
    }
}
