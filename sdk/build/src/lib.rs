//! From a connector's source folder to one `.wasm` file: finds a compiler, compiles to WebAssembly, encodes a component and embeds the
//! manifest and the fixture.
//!
//! ```no_run
//! # fn main() -> Result<(), hallpass_build::Error> {
//! let options = hallpass_build::Options::from_environment()?;
//! let built = hallpass_build::build("plugins/postgres".as_ref(), &options, &mut |line| eprintln!("{line}"))?;
//! println!("{} {}", built.digest, built.path.display());
//! # Ok(())
//! # }
//! ```
//!
//! The same source gives the same bytes on one compiler: nothing of the machine is in the file, neither a path nor a time.

mod compile;
mod encode;
mod error;
mod process;
mod toolchain;

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

pub use encode::{FIXTURE_SECTION, MANIFEST_SECTION, embed};
pub use error::Error;
pub use toolchain::Way;

/// The environment variable that forces one way to a compiler: `installed`, `debian` or `rustup`.
pub const TOOLCHAIN_VARIABLE: &str = "HALLPASS_WASM_TOOLCHAIN";

/// How to build.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The only way to a compiler that may be tried; without one, all are, in order.
    pub toolchain: Option<Way>,
    /// Where compiled files go; without one, the folder `target` of the connector's workspace.
    pub target_dir: Option<PathBuf>,
}

impl Options {
    /// The options that the environment asks for ([`TOOLCHAIN_VARIABLE`]). Errors: [`Error::UnknownWay`].
    #[expect(
        clippy::disallowed_methods,
        reason = "the one variable of builds; it concerns no running broker, whose configuration is elsewhere"
    )]
    pub fn from_environment() -> Result<Self, Error> {
        let forced = std::env::var_os(TOOLCHAIN_VARIABLE).filter(|value| !value.is_empty());
        let toolchain = forced.map(|value| value.to_string_lossy().parse()).transpose()?;
        Ok(Self { toolchain, target_dir: None })
    }
}

/// A finished connector.
#[derive(Clone, Debug)]
pub struct Built {
    /// The connector's name, from its manifest.
    pub name: String,
    /// The file: `<target folder>/<name>.wasm`.
    pub path: PathBuf,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// SHA-256 of the bytes, in lower-case hex: the connector's identity.
    pub digest: String,
}

/// Builds the connector whose `Cargo.toml`, `manifest.json` and `fixture.json` are in `dir`. Lines for a person go to `report`: what
/// the compiler says, and, before it happens, what is installed and why. Fast when nothing changed; may run in several processes at
/// once.
pub fn build(dir: &Path, options: &Options, report: &mut dyn FnMut(&str)) -> Result<Built, Error> {
    let dir = dir.canonicalize().map_err(|source| Error::read(dir, source))?;
    if !dir.join("Cargo.toml").is_file() {
        return Err(Error::NoConnector { dir });
    }
    let extras = encode::Extras::read(&dir)?;
    let (module, target_dir) = module(&dir, options, report)?;
    let bytes = extras.embed(encode::component(&module)?);
    let path = target_dir.join(format!("{}.wasm", extras.name));
    write_if_changed(&path, &bytes)?;
    let digest = hex::encode(Sha256::digest(&bytes));
    Ok(Built { name: extras.name, path, bytes, digest })
}

/// The component of the connector in `dir`, without manifest and fixture: for tests that [`embed`] several, one after the other.
pub fn component(dir: &Path, options: &Options, report: &mut dyn FnMut(&str)) -> Result<Vec<u8>, Error> {
    let dir = dir.canonicalize().map_err(|source| Error::read(dir, source))?;
    encode::component(&module(&dir, options, report)?.0)
}

/// The core module of a connector, and the folder of compiled files.
fn module(dir: &Path, options: &Options, report: &mut dyn FnMut(&str)) -> Result<(Vec<u8>, PathBuf), Error> {
    let toolchain = toolchain::find(dir, options.toolchain, report)?;
    let compiled = compile::compile(dir, &toolchain, options.target_dir.as_deref(), report)?;
    let module = fs::read(&compiled.module).map_err(|source| Error::read(&compiled.module, source))?;
    Ok((module, compiled.target_dir))
}

/// Replaces the file in one step, so that a reader sees the old bytes or the new ones, and leaves it alone when they are the same.
fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    let draft = path.with_extension(format!("wasm.{}", std::process::id()));
    fs::write(&draft, bytes).map_err(|source| Error::write(&draft, source))?;
    fs::rename(&draft, path).map_err(|source| Error::write(path, source))
}
