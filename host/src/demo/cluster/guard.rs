//! The process that owns the cluster's server and folder, so that nothing of them outlives ours, however ours ends.
//!
//! It is a shell script of a few lines ([`SCRIPT`]) in a process group of its own: a terminal's interrupt reaches us, not it.
//! It learns of our end by the end of its standard input, which the kernel closes for us even after a SIGKILL.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::account::Account;
use super::binaries::Binaries;

const SCRIPT: &str = include_str!("guard.sh");

/// What would lead the cluster's programs to another cluster.
const MISLEADING: [&str; 8] = ["PGDATA", "PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGOPTIONS", "PGSERVICE"];

/// A command that runs as `account`, knows no other cluster and speaks English.
pub(super) fn command(program: &str, account: Option<&Account>) -> Command {
    let mut command = Command::new(program);
    // The folder we are in may be closed to the account.
    command.current_dir("/").env("LC_ALL", "C").stdin(Stdio::null());
    for name in MISLEADING {
        command.env_remove(name);
    }
    if let Some(account) = account {
        // Supplementary groups are dropped by the standard library when root changes the user.
        command.uid(account.uid).gid(account.gid);
    }
    command
}

/// The running guard.
pub(super) struct Guard {
    child: Child,
    /// Closed first, which is what ends it.
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Guard {
    /// Starts the guard of `folder`.
    pub(super) fn start(folder: &Path, binaries: &Binaries, account: Option<&Account>) -> std::io::Result<Self> {
        let mut child = command("/bin/sh", account)
            .args(["-c", SCRIPT, "hallpass-postgres-guard"])
            .arg(folder)
            .arg(binaries.prefix())
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let (Some(commands), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(std::io::Error::other("the guard has no pipes"));
        };
        Ok(Self { child, commands: Some(commands), answers: BufReader::new(answers) })
    }

    /// Gives a command and waits for it. Whether it succeeded.
    pub(super) fn obeys(&mut self, command: &str) -> std::io::Result<bool> {
        let Some(commands) = self.commands.as_mut() else { return Ok(false) };
        writeln!(commands, "{command}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        if answer.is_empty() {
            return Err(std::io::Error::other("the guard of the cluster was ended by somebody else"));
        }
        Ok(answer.trim() == "0")
    }

    /// Closes our end of its standard input and waits until it has cleared away.
    pub(super) fn abandon(&mut self) {
        drop(self.commands.take());
        let _ = self.child.wait();
    }
}

impl Drop for Guard {
    /// It stops the server at once and removes the folder: a fraction of a second.
    fn drop(&mut self) {
        self.abandon();
    }
}
