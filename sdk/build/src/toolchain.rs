//! Finds a compiler for `wasm32-unknown-unknown`, and installs one where that is possible. The one place that knows how.
//!
//! In this order: the active toolchain has the target; Debian's compiler with the sources of the standard library, which is then
//! compiled along; the same after installing it; `rustup target add`. Nothing is installed without a line to the reporter before it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

use crate::process::{command, last_line, output_of, run};
use crate::{Error, debian};

/// The target that connectors are compiled for: it has no WASI, so that a component imports nothing but the contract.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";
/// What Debian and Ubuntu call a compiler, its library sources and a linker that are new enough.
pub(crate) const DEBIAN_PACKAGES: [&str; 4] = ["rustc-web", "rust-web-src", "cargo-web", "lld"];
/// The oldest compiler that can compile a connector.
const OLDEST: &str = env!("CARGO_PKG_RUST_VERSION");

/// A way to a compiler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The active toolchain has the target already.
    Installed,
    /// Debian's packages, installed first where that is possible.
    Debian,
    /// `rustup` adds the target to the active toolchain.
    Rustup,
}

impl FromStr for Way {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "installed" => Ok(Self::Installed),
            "debian" => Ok(Self::Debian),
            "rustup" => Ok(Self::Rustup),
            other => Err(Error::UnknownWay { found: other.to_owned() }),
        }
    }
}

/// A compiler that was found.
#[derive(Clone, Debug)]
pub(crate) struct Toolchain {
    /// The cargo to run.
    cargo: PathBuf,
    /// Arguments after `build`.
    arguments: Vec<&'static str>,
    /// Environment of that cargo.
    environment: Vec<(&'static str, OsString)>,
    /// Variables that must not reach it.
    dropped: Vec<&'static str>,
    /// Folders with the sources of the standard library, whose paths must not appear in a component.
    pub(crate) library: Vec<PathBuf>,
}

impl Toolchain {
    /// This toolchain's cargo.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = command(&self.cargo);
        cargo.envs(self.environment.iter().map(|(name, value)| (name, value)));
        for name in &self.dropped {
            cargo.env_remove(name);
        }
        cargo
    }

    /// Arguments of `cargo build` that this toolchain needs.
    pub(crate) fn arguments(&self) -> &[&'static str] {
        &self.arguments
    }
}

/// Finds a compiler for the connector in `dir`. Errors: [`Error::NoToolchain`] with one line for each way that was tried.
pub(crate) fn find(dir: &Path, forced: Option<Way>, report: &mut dyn FnMut(&str)) -> Result<Toolchain, Error> {
    let mut tried = Vec::new();
    let allowed = |way| forced.is_none_or(|only| only == way);
    let mut attempt = |found: Result<Toolchain, String>, way: &str| found.map_err(|why| tried.push(format!("{way}: {why}"))).ok();
    if allowed(Way::Installed)
        && let Some(found) = attempt(installed(dir), "installed")
    {
        return Ok(found);
    }
    if allowed(Way::Debian) {
        if let Some(found) = attempt(of_debian(), "debian") {
            return Ok(found);
        }
        if let Some(found) = attempt(install_debian(report).and_then(|()| of_debian()), "apt-get") {
            return Ok(found);
        }
    }
    if allowed(Way::Rustup)
        && let Some(found) = attempt(add_by_rustup(dir, report).and_then(|()| installed(dir)), "rustup")
    {
        return Ok(found);
    }
    Err(Error::NoToolchain { tried })
}

/// The active toolchain, when it has the target.
fn installed(dir: &Path) -> Result<Toolchain, String> {
    let ask = |what: &[&str]| output_of(command("rustc").args(what).current_dir(dir)).map(PathBuf::from);
    let folder = ask(&["--print", "target-libdir", "--target", TARGET]).ok_or("no `rustc` on PATH that knows the target")?;
    if !folder.is_dir() {
        return Err(format!("the active toolchain has no {TARGET}"));
    }
    let library = ask(&["--print", "sysroot"]).map(|root| root.join("lib/rustlib/src/rust")).into_iter().collect();
    Ok(Toolchain { cargo: "cargo".into(), arguments: Vec::new(), environment: Vec::new(), dropped: Vec::new(), library })
}

/// Debian's compiler, when it is there, whole and new enough.
fn of_debian() -> Result<Toolchain, String> {
    let [rustc, cargo] = ["/usr/bin/rustc", "/usr/bin/cargo"].map(Path::new);
    let sources = Path::new("/usr/lib/rustlib/src/rust");
    let version =
        |program: &Path| output_of(command(program).arg("--version").env_remove("LD_LIBRARY_PATH")).and_then(|line| second_word(&line));
    let compiler = version(rustc).ok_or("there is no /usr/bin/rustc")?;
    let driver = version(cargo).ok_or("there is no /usr/bin/cargo")?;
    let library = fs::read_to_string(sources.join("src/version")).unwrap_or_default().trim().to_owned();
    if !sources.join("library/std/Cargo.toml").is_file() {
        return Err("there are no library sources in /usr/lib/rustlib/src/rust".to_owned());
    }
    if compiler != driver || compiler != library {
        return Err(format!("rustc {compiler}, cargo {driver} and the library sources {library} are not of one version"));
    }
    if numbers(&compiler) < numbers(OLDEST) {
        return Err(format!("/usr/bin/rustc is {compiler}, older than {OLDEST}"));
    }
    let linker = linker().ok_or("there is neither rust-lld nor wasm-ld")?;
    let environment = vec![
        ("RUSTC", rustc.into()),
        // The library is compiled with features that only a compiler of the same build accepts; Debian's is that one.
        ("RUSTC_BOOTSTRAP", "1".into()),
        ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker.into()),
    ];
    let mut library = vec![sources.to_owned()];
    library.extend(sources.canonicalize().ok().filter(|real| real != sources));
    Ok(Toolchain {
        cargo: cargo.into(),
        arguments: vec!["-Z", "build-std=std,panic_abort"],
        environment,
        // An outer cargo points it at the libraries of its own compiler.
        dropped: vec!["LD_LIBRARY_PATH"],
        library,
    })
}

/// A linker for WebAssembly: the one of the active toolchain, else LLVM's.
fn linker() -> Option<PathBuf> {
    let root = output_of(command("rustc").args(["--print", "sysroot"])).map(PathBuf::from);
    let host = output_of(command("rustc").arg("-vV"))
        .and_then(|text| text.lines().find_map(|line| line.strip_prefix("host: ").map(str::to_owned)));
    let bundled = root.zip(host).map(|(root, host)| root.join("lib/rustlib").join(host).join("bin/rust-lld"));
    bundled.into_iter().chain(["/usr/bin/wasm-ld".into()]).find(|path| path.is_file())
}

/// Installs Debian's compiler, where the caller may.
fn install_debian(report: &mut dyn FnMut(&str)) -> Result<(), String> {
    debian::install(&DEBIAN_PACKAGES, "connectors are compiled to WebAssembly, and no compiler here can do that", report)
}

/// Adds the target to the active toolchain.
fn add_by_rustup(dir: &Path, report: &mut dyn FnMut(&str)) -> Result<(), String> {
    output_of(command("rustup").arg("--version")).ok_or("there is no rustup")?;
    report(&format!(
        "About to install {TARGET} with rustup: connectors are compiled to WebAssembly, and the active toolchain cannot do that"
    ));
    let added = run(command("rustup").args(["target", "add", TARGET]).current_dir(dir), report).map_err(|error| error.to_string())?;
    added.map(drop).map_err(|lines| format!("rustup failed: {}", last_line(&lines)))
}

/// The version in what `rustc --version` and `cargo --version` print.
fn second_word(line: &str) -> Option<String> {
    line.split_whitespace().nth(1).map(str::to_owned)
}

/// A version as numbers that compare; what is no number counts as 0.
fn numbers(version: &str) -> Vec<u32> {
    version.split(['.', '-']).take(3).map(|part| part.parse().unwrap_or_default()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number_and_not_by_letter() {
        assert!(numbers("1.100.0") > numbers("1.95"));
        assert!(numbers("1.63.0") < numbers("1.95"));
        assert_eq!(second_word("rustc 1.96.0 (ac68faa20 2026-05-25)").as_deref(), Some("1.96.0"));
    }

    #[test]
    fn an_unknown_way_is_refused_with_the_ones_that_exist() {
        let error = "nix".parse::<Way>().unwrap_err().to_string();
        assert!(error.contains("`nix`") && error.contains("installed, debian or rustup"), "{error}");
    }

    #[test]
    fn without_a_compiler_the_error_names_what_was_tried_and_both_remedies() {
        let error = Error::NoToolchain { tried: vec!["rustup: there is no rustup".to_owned()] }.to_string();
        assert!(error.contains("rustup: there is no rustup"), "{error}");
        assert!(error.contains("rustup target add wasm32-unknown-unknown") && error.contains("apt-get install rustc-web"), "{error}");
    }
}
