//! Installs packages on Debian and Ubuntu, where the caller may.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use crate::process::{command, last_line, output_of, run};

/// The file by which `apt-get update` knows of another. It gives up at once where one is at work, whatever the time-out says.
const LISTS: &str = "/var/lib/apt/lists/lock";

/// Installs `packages`, after a line to the reporter that says so and `why`. The error says why not, in half a sentence.
pub fn install(packages: &[&str], why: &str, report: &mut dyn FnMut(&str)) -> Result<(), String> {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    if !of_debian(&release) {
        return Err("this is neither Debian nor Ubuntu".to_owned());
    }
    if !is_root() {
        return Err(format!("not root, so nothing is installed; as root: apt-get install {}", packages.join(" ")));
    }
    // Callers that keep a compiler's words to themselves show these lines at once; they find them by the word `install`.
    report(&format!("About to install {} with apt-get: {why}", packages.join(", ")));
    let _turn = turn(Path::new(LISTS)).map_err(|error| format!("{LISTS}: {error}"))?;
    let mut update = apt_get();
    update.arg("update");
    let mut install = apt_get();
    install.args(["install", "--yes", "--no-install-recommends"]).args(packages);
    for step in [&mut update, &mut install] {
        run(step, report).map_err(|error| error.to_string())?.map_err(|lines| format!("apt-get failed: {}", last_line(&lines)))?;
    }
    Ok(())
}

/// Waits until nobody else of ours installs, here or in another process: tests and builds that begin together lack things together.
/// The turn ends when it is dropped. This lock (`flock`) and apt's own on the same file (`fcntl`) do not see each other.
fn turn(file: &Path) -> std::io::Result<File> {
    let file = File::options().create(true).truncate(false).write(true).open(file)?;
    file.lock()?;
    Ok(file)
}

fn apt_get() -> Command {
    let mut command = command("apt-get");
    // Somebody else's installation may be going on: wait for it, ask nothing.
    command.args(["--quiet", "-o", "DPkg::Lock::Timeout=600"]).env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn is_root() -> bool {
    output_of(command("id").arg("-u")).is_some_and(|id| id == "0")
}

/// Whether `/etc/os-release` names Debian or Ubuntu, or something made of them.
fn of_debian(release: &str) -> bool {
    let values = release.lines().filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")));
    values.flat_map(|value| value.trim_matches('"').split(' ')).any(|word| word == "debian" || word == "ubuntu")
}

#[cfg(test)]
mod tests {
    use std::fs::TryLockError;

    use super::*;

    #[test]
    fn one_installs_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = turn(&path).unwrap();
        let second = File::open(&path).unwrap();
        assert!(matches!(second.try_lock(), Err(TryLockError::WouldBlock)));
        drop(first);
        second.lock().unwrap();
    }

    #[test]
    fn debian_and_what_is_made_of_it_are_recognised() {
        assert!(of_debian("PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\n"));
        assert!(of_debian("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"));
        assert!(!of_debian("ID=fedora\nNAME=\"not debian\"\n"));
    }
}
