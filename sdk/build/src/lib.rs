//! From nothing to one `.wasm` file: writes the folder of a new connector, finds a compiler, compiles to WebAssembly, encodes a component
//! and embeds the manifest and the fixture.
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
//! In Rust the same source in the same folder gives the same bytes on one compiler; that two folders give the same bytes is not
//! promised. The tools of JavaScript and Python keep a snapshot of a running interpreter, whose random seed differs from build to
//! build.

mod compile;
pub mod debian;
mod encode;
mod error;
mod js;
mod language;
mod packages;
mod process;
mod python;
mod scaffold;
mod toolchain;

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

pub use encode::{FIXTURE_SECTION, MANIFEST_SECTION, embed};
pub use error::Error;
pub use language::Language;
pub use scaffold::{Created, Project, create};
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

/// The world, in the WIT of a project in JavaScript or Python, that says what its connector imports and exports.
const WORLD: &str = "plugin";

/// Builds the connector in `dir`: in Rust where a `Cargo.toml` is there, in JavaScript with a `package.json`, in Python with a
/// `requirements.txt`; `manifest.json` and `fixture.json` stand beside it. Lines for a person go to `report`: what the tools say, and,
/// before it happens, what is installed and why. May run in several processes at once; in Rust it is fast when nothing changed.
pub fn build(dir: &Path, options: &Options, report: &mut dyn FnMut(&str)) -> Result<Built, Error> {
    let dir = dir.canonicalize().map_err(|source| Error::read(dir, source))?;
    let language = Language::of(&dir)?;
    let extras = encode::Extras::read(&dir)?;
    let (component, target_dir) = match language {
        Language::Rust => {
            let (module, target_dir) = module(&dir, options, report)?;
            (encode::component(&module)?, target_dir)
        }
        Language::JavaScript | Language::Python => {
            let target_dir = match &options.target_dir {
                Some(folder) => std::path::absolute(folder).map_err(|source| Error::write(folder, source))?,
                None => dir.join("target"),
            };
            let scratch = target_dir.join(language.as_str());
            fs::create_dir_all(&scratch).map_err(|source| Error::write(&scratch, source))?;
            let componentize = if language == Language::Python { python::componentize } else { js::componentize };
            (componentize(&dir, &scratch, report)?, target_dir)
        }
    };
    let bytes = extras.embed(component);
    let path = target_dir.join(format!("{}.wasm", extras.name));
    write_if_changed(&path, &bytes)?;
    let digest = hex::encode(Sha256::digest(&bytes));
    Ok(Built { name: extras.name, path, bytes, digest })
}

/// The component of the connector in `dir`, in Rust, without manifest and fixture: for tests that [`embed`] several, one after the other.
pub fn component(dir: &Path, options: &Options, report: &mut dyn FnMut(&str)) -> Result<Vec<u8>, Error> {
    let dir = dir.canonicalize().map_err(|source| Error::read(dir, source))?;
    encode::component(&module(&dir, options, report)?.0)
}

/// The core module of a connector in Rust, and the folder of compiled files.
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
