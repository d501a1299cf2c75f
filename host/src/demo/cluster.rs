//! A private PostgreSQL cluster: its own folder, port, superuser password and log, and gone without a trace when dropped, or
//! when our process ends in whatever way.
//!
//! Used by `hallpass demo` and by the tests. Every call blocks, for a second or two at most once the programs are there.

mod account;
mod binaries;
mod guard;

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use hallpass_domain::Rng;
use hallpass_domain::rng::{self, RngError};
use hallpass_domain::secret::SecretText;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use tempfile::TempDir;

use account::Account;
use binaries::Binaries;
use guard::Guard;

use super::ports::{self, PortError};

/// How often another port is tried when somebody was faster.
const TRIES: usize = 5;

/// Told, in a sentence, what takes time.
pub type Reporter<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// How the cluster shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Whether commits wait for the disk. Only tests may say no.
    pub fsync: bool,
    /// Whether every statement is written to the server's log, which is how a test looks for secrets in it.
    pub log_statements: bool,
    /// Further lines of `postgresql.conf`, name and value.
    pub settings: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Self {
        Self { fsync: true, log_statements: false, settings: Vec::new() }
    }
}

/// How a server is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Transactions are rolled back, connections closed, everything written.
    Fast,
    /// At once, as in a crash: it recovers at its next start.
    Immediate,
}

/// A running cluster. Dropping it stops the server and removes the folder.
pub struct Cluster {
    // Fields are dropped in this order: first the guard, which stops the server, then what is left of the folder.
    guard: Mutex<Guard>,
    folder: PathBuf,
    port: u16,
    password: SecretText,
    /// Removes what the guard could not, if anything.
    _folder: TempDir,
}

impl Cluster {
    /// Makes and starts a cluster. Where PostgreSQL is missing, and we are root on Debian or Ubuntu, it is installed first, and
    /// `report` told so.
    pub fn start(options: &Options, rng: &dyn Rng, report: Reporter<'_>) -> Result<Self, ClusterError> {
        let mut account = account::find()?;
        let binaries = if let Some(binaries) = binaries::find(account.as_ref()) {
            binaries
        } else {
            binaries::install(report)?;
            account = account::find()?;
            binaries::find(account.as_ref()).ok_or(ClusterError::NoBinaries)?
        };
        Self::make(options, rng, &binaries, account.as_ref())
    }

    fn make(options: &Options, rng: &dyn Rng, binaries: &Binaries, account: Option<&Account>) -> Result<Self, ClusterError> {
        let home = new_folder(account)?;
        let folder = home.path().to_owned();
        let password = SecretText::new(hex::encode(rng::bytes::<24>(rng)?));
        let sockets = folder.join("s");
        std::fs::create_dir(&sockets).map_err(|error| ClusterError::File { path: sockets.clone(), error })?;
        write_file(&folder.join("password"), password.expose(), account)?;
        write_file(&folder.join("settings.conf"), &settings(options, &sockets)?, account)?;
        for path in [&sockets, &folder] {
            give(path, account)?;
        }
        let guard = Guard::start(&folder, binaries, account).map_err(ClusterError::Guard)?;
        let mut cluster = Self { guard: Mutex::new(guard), folder, port: 0, password, _folder: home };
        cluster.obey("init")?;
        for tries_left in (0..TRIES).rev() {
            cluster.port = ports::unused(rng)?;
            match cluster.resume() {
                Err(ClusterError::Step { log, .. }) if tries_left > 0 && log.contains("could not bind") => {}
                other => return other.map(|()| cluster),
            }
        }
        Err(PortError::None.into())
    }

    /// Stops the server and keeps its data.
    pub fn stop(&self, how: Stop) -> Result<(), ClusterError> {
        self.obey(match how {
            Stop::Fast => "stop fast",
            Stop::Immediate => "stop immediate",
        })
    }

    /// Starts the server again after [`Cluster::stop`], on the same port, and waits until it takes connections.
    pub fn resume(&self) -> Result<(), ClusterError> {
        self.obey(&format!("start {}", self.port))
    }

    /// Stops the server cleanly and starts it again.
    pub fn restart(&self) -> Result<(), ClusterError> {
        self.stop(Stop::Fast)?;
        self.resume()
    }

    /// Connects the superuser to `database` over loopback. Do not print it: it shows the password.
    pub fn superuser(&self, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .host(self.host())
            .port(self.port)
            .username(self.superuser_name())
            .password(self.password.expose())
            .database(database)
            .ssl_mode(PgSslMode::Disable)
    }

    /// The same as a connection URL.
    pub fn superuser_url(&self, database: &str) -> SecretText {
        let (name, password) = (self.superuser_name(), self.password.expose());
        SecretText::new(format!("postgres://{name}:{password}@{}:{}/{database}?sslmode=disable", self.host(), self.port))
    }

    /// The superuser's name.
    pub fn superuser_name(&self) -> &'static str {
        "postgres"
    }

    /// The superuser's password.
    pub fn superuser_password(&self) -> &SecretText {
        &self.password
    }

    /// The address that it listens on.
    pub fn host(&self) -> &'static str {
        "127.0.0.1"
    }

    /// The port that it listens on, the same after every restart.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder with its Unix socket, open to the server's account only.
    pub fn socket_folder(&self) -> PathBuf {
        self.folder.join("s")
    }

    /// The folder of all of it, which is gone after the cluster.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The server's log.
    pub fn log_path(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    fn obey(&self, command: &str) -> Result<(), ClusterError> {
        let done = self.guard.lock().unwrap_or_else(PoisonError::into_inner).obeys(command).map_err(ClusterError::Guard)?;
        if done {
            return Ok(());
        }
        let said = ["guard.log", "server.log"].map(|name| std::fs::read(self.folder.join(name)).unwrap_or_default()).concat();
        Err(ClusterError::Step { command: command.to_owned(), log: last_lines(&String::from_utf8_lossy(&said), 12) })
    }
}

/// A folder that the account can work in and remove: in the usual place for temporary ones, else in /tmp.
fn new_folder(account: Option<&Account>) -> Result<TempDir, ClusterError> {
    let usual = std::env::temp_dir();
    let parent = if open_to(&usual, account) { usual } else { PathBuf::from("/tmp") };
    let folder =
        tempfile::Builder::new().prefix("hallpass-pg-").tempdir_in(&parent).map_err(|error| ClusterError::File { path: parent, error })?;
    // A Unix socket's path has at most 107 bytes.
    if folder.path().as_os_str().len() + "/s/.s.PGSQL.00000".len() > 107 {
        return Err(ClusterError::LongPath { path: folder.path().to_owned() });
    }
    Ok(folder)
}

fn open_to(folder: &Path, account: Option<&Account>) -> bool {
    guard::command("test", account).arg("-w").arg(folder).status().is_ok_and(|status| status.success())
}

fn give(path: &Path, account: Option<&Account>) -> Result<(), ClusterError> {
    let Some(account) = account else { return Ok(()) };
    chown(path, Some(account.uid), Some(account.gid)).map_err(|error| ClusterError::File { path: path.to_owned(), error })
}

/// A new file that only the account can read.
fn write_file(path: &Path, text: &str, account: Option<&Account>) -> Result<(), ClusterError> {
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| ClusterError::File { path: path.to_owned(), error })?;
    give(path, account)
}

fn settings(options: &Options, sockets: &Path) -> Result<String, ClusterError> {
    let on = |yes: bool| if yes { "on" } else { "off" }.to_owned();
    let own = [
        ("listen_addresses", "127.0.0.1".to_owned()),
        ("unix_socket_directories", sockets.to_string_lossy().into_owned()),
        ("unix_socket_permissions", "0700".to_owned()),
        ("password_encryption", "scram-sha-256".to_owned()),
        ("fsync", on(options.fsync)),
        ("synchronous_commit", on(options.fsync)),
        ("full_page_writes", on(options.fsync)),
        ("log_statement", if options.log_statements { "all" } else { "none" }.to_owned()),
        ("shared_buffers", "32MB".to_owned()),
        // In the folder, not in /dev/shm: nothing of the cluster is anywhere else.
        ("dynamic_shared_memory_type", "mmap".to_owned()),
    ];
    let further = options.settings.iter().map(|(name, value)| (name.as_str(), value.clone()));
    let mut text = String::new();
    for (name, value) in own.into_iter().chain(further) {
        if value.chars().any(char::is_control) || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.".contains(&b)) {
            return Err(ClusterError::Setting { name: name.to_owned() });
        }
        let _ = writeln!(text, "{name} = '{}'", value.replace('\'', "''"));
    }
    Ok(text)
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines.iter().skip(lines.len().saturating_sub(count)).copied().collect::<Vec<_>>().join("\n")
}

/// Why there is no cluster.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// No programs, and no way to install them here.
    #[error(
        "PostgreSQL's server programs (initdb, pg_ctl, postgres) are neither on PATH nor under /usr/lib/postgresql: \
         install PostgreSQL 15 or later, or run this as root on Debian or Ubuntu, where it is installed with apt"
    )]
    NoBinaries,
    /// Root has nobody to run the server as.
    #[error("PostgreSQL refuses to run as root, and there is neither a user `postgres` nor `nobody`: run this as another user")]
    NoAccount,
    /// Installing failed.
    #[error("PostgreSQL could not be installed: {0}\nInstall the package `postgresql` and try again")]
    Install(String),
    /// A file or folder of the cluster.
    #[error("{}: {error}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the operating system says.
        error: std::io::Error,
    },
    /// A socket there would have too long a name.
    #[error("the path {} is too long for a Unix socket: set TMPDIR to a shorter one", path.display())]
    LongPath {
        /// The folder.
        path: PathBuf,
    },
    /// A setting that would not stay on its line.
    #[error("the setting {name:?} cannot be written to postgresql.conf: no control characters, names of letters, digits, `_`, `.`")]
    Setting {
        /// Its name.
        name: String,
    },
    /// There is no port for it.
    #[error(transparent)]
    Port(#[from] PortError),
    /// No random bytes for the password.
    #[error(transparent)]
    Rng(#[from] RngError),
    /// The guard process.
    #[error("the process that guards the private PostgreSQL cluster: {0}")]
    Guard(std::io::Error),
    /// A step of the server failed.
    #[error("the private PostgreSQL cluster: `{command}` failed:\n{log}")]
    Step {
        /// Which one.
        command: String,
        /// The end of the server's log.
        log: String,
    },
}

#[cfg(test)]
mod tests;
