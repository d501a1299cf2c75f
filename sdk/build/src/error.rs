//! Why a connector could not be built, and what to do.

use std::io;
use std::path::{Path, PathBuf};

/// Why a connector could not be built. Every text names the cause and, where there is one, the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The folder holds no connector in a language that can be built.
    #[error(
        "{} has neither Cargo.toml nor package.json nor requirements.txt: name the folder of a connector, or make one with `hallpass \
         connector new`",
        dir.display()
    )]
    NoConnector {
        /// The folder.
        dir: PathBuf,
    },
    /// The folder could hold a connector in more than one language.
    #[error("{} has {marks}: a connector is in one language; give each a folder of its own", dir.display())]
    Ambiguous {
        /// The folder.
        dir: PathBuf,
        /// The files, one of which must go.
        marks: String,
    },
    /// A language that does not exist here.
    #[error("`{found}` is no language of connectors: there are rust, js and python")]
    UnknownLanguage {
        /// What was asked for.
        found: String,
    },
    /// A program that a build runs is not there, and could not be installed.
    #[error(
        "`{program}` is missing or too old: {wanted} is needed ({tried}). On Debian and Ubuntu, as root: `apt-get install {packages}`."
    )]
    NoProgram {
        /// The program.
        program: &'static str,
        /// What it is, with the oldest version.
        wanted: &'static str,
        /// Its packages on Debian and Ubuntu.
        packages: String,
        /// Why it was not installed.
        tried: String,
    },
    /// A name that a connector or a publisher cannot have.
    #[error("`{name}` is no name for it: take 1 to 64 characters of a-z, 0-9 and - (a publisher's may have dots), a letter first")]
    BadName {
        /// What was asked for.
        name: String,
    },
    /// A new connector would stand where something is.
    #[error("{} exists and is not empty: name a folder that is not there yet with --dir", dir.display())]
    Occupied {
        /// The folder.
        dir: PathBuf,
    },
    /// A file that a connector needs is not there.
    #[error("{} is missing: every connector has one in its folder (see sdk/AUTHORING.md)", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A file is not JSON, or not the JSON that it should be.
    #[error("{}: {reason}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column where the text cannot be parsed.
        reason: String,
    },
    /// A forced way that does not exist.
    #[error("`{found}` is no way to a compiler: {} takes installed, debian or rustup", crate::TOOLCHAIN_VARIABLE)]
    UnknownWay {
        /// What was asked for.
        found: String,
    },
    /// No compiler for WebAssembly was found, and none could be installed.
    #[error(
        "no Rust compiler for wasm32-unknown-unknown.\nTried:\n{}\nEither run `rustup target add wasm32-unknown-unknown`, or on Debian and \
         Ubuntu, as root, `apt-get install {}`.",
        tried.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n"),
        crate::toolchain::DEBIAN_PACKAGES.join(" ")
    )]
    NoToolchain {
        /// One line for each way that was tried: its name and why it did not work.
        tried: Vec<String>,
    },
    /// A program could not be started.
    #[error("`{program}` cannot be run: {source}")]
    Start {
        /// The program.
        program: String,
        /// The system's reason.
        source: io::Error,
    },
    /// The compiler refused the source, after saying why to the reporter.
    #[error("`{command}` failed in {}:\n{output}", dir.display())]
    Compile {
        /// The command, as it could be typed.
        command: String,
        /// Where it ran.
        dir: PathBuf,
        /// The last lines that it wrote.
        output: String,
    },
    /// The package compiles, but not to a connector.
    #[error("{} makes no WebAssembly module: add `[lib] crate-type = [\"cdylib\"]`", manifest.display())]
    NoModule {
        /// The package's Cargo.toml.
        manifest: PathBuf,
    },
    /// What was compiled is no component of the contract.
    #[error("no connector can be made of what was compiled: {reason}")]
    Encode {
        /// What the encoder says.
        reason: String,
    },
    /// A file cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("{} cannot be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read { path: path.to_owned(), source }
    }

    pub(crate) fn write(path: &Path, source: io::Error) -> Self {
        Self::Write { path: path.to_owned(), source }
    }
}
