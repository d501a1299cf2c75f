//! Compiles a connector to a core module, so that nothing of the machine is in it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::Error;
use crate::process::{run, spelled};
use crate::toolchain::{TARGET, Toolchain};

/// What the compiler made.
pub(crate) struct Compiled {
    /// The core module.
    pub(crate) module: PathBuf,
    /// Where finished connectors go.
    pub(crate) target_dir: PathBuf,
}

/// Compiles the package in `dir`, which is an absolute path, with its lock file where there is one.
pub(crate) fn compile(
    dir: &Path,
    toolchain: &Toolchain,
    target_dir: Option<&Path>,
    report: &mut dyn FnMut(&str),
) -> Result<Compiled, Error> {
    let root = workspace_root(dir, toolchain)?;
    let target_dir = match target_dir {
        Some(folder) => std::path::absolute(folder).map_err(|source| Error::write(folder, source))?,
        None => root.join("target"),
    };
    // A folder of its own: an author's cargo, of another version perhaps, works beside it without waiting or rebuilding.
    let own = target_dir.join("connectors");
    let mut cargo = toolchain.cargo();
    cargo.arg("build").args(toolchain.arguments()).args(["--release", "--lib", "--target", TARGET]);
    cargo.arg("--message-format=json-render-diagnostics").arg("--target-dir").arg(&own);
    if root.join("Cargo.lock").is_file() {
        cargo.arg("--locked");
    }
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags(&root, &own, toolchain)).current_dir(dir);
    let messages = run(&mut cargo, report)?.map_err(|output| {
        let command = spelled(&cargo);
        Error::Compile { command, dir: dir.to_owned(), output }
    })?;
    let manifest = dir.join("Cargo.toml");
    let module = module_in(&messages, &manifest).ok_or(Error::NoModule { manifest })?;
    Ok(Compiled { module, target_dir })
}

/// The folder of the workspace that the package belongs to: there are the lock file and the folder `target`.
fn workspace_root(dir: &Path, toolchain: &Toolchain) -> Result<PathBuf, Error> {
    let mut cargo = toolchain.cargo();
    cargo.args(["locate-project", "--workspace", "--message-format", "plain"]).current_dir(dir);
    let located = run(&mut cargo, &mut |_| ())?.map_err(|output| {
        let command = spelled(&cargo);
        Error::Compile { command, dir: dir.to_owned(), output }
    })?;
    Ok(Path::new(located.trim()).parent().unwrap_or(dir).to_owned())
}

/// Compiler flags that rename every folder of this machine, separated as cargo wants them. Of several that fit a path the last one is
/// used, so the outer folders come first. They are the same for all connectors of one repository, so that those which share a target
/// folder share a compiled standard library.
fn flags(root: &Path, own: &Path, toolchain: &Toolchain) -> OsString {
    let mut renamed = vec![(repository(root).to_owned(), "/source"), (own.to_owned(), "/target")];
    if let Some(home) = cargo_home() {
        let registry = home.join("registry/src");
        renamed.push((home, "/cargo"));
        // The folder of crates.io; that of a mirror has another name, which then is part of the path.
        renamed.push((registry.join("index.crates.io-1949cf8c6b5b557f"), "/cargo/registry"));
    }
    renamed.extend(toolchain.library.iter().map(|folder| (folder.clone(), "/rustc")));
    let mut flags = OsString::new();
    for (folder, name) in renamed {
        if !flags.is_empty() {
            flags.push("\u{1f}");
        }
        flags.push("--remap-path-prefix=");
        flags.push(folder);
        flags.push("=");
        flags.push(name);
    }
    flags
}

/// The folder that holds the connector and the SDK beside it: the repository's, or, outside of one, the folder around the workspace.
fn repository(root: &Path) -> &Path {
    root.ancestors().find(|folder| folder.join(".git").exists()).or(root.parent()).unwrap_or(root)
}

/// Where cargo keeps the sources of crates.
fn cargo_home() -> Option<PathBuf> {
    let variable = |wanted: &str| std::env::vars_os().find(|(name, _)| name == wanted).map(|(_, value)| PathBuf::from(value));
    variable("CARGO_HOME").or_else(|| variable("HOME").map(|home| home.join(".cargo")))
}

/// The module among cargo's messages, one JSON document a line, that was made of the package with this Cargo.toml.
fn module_in(messages: &str, manifest: &Path) -> Option<PathBuf> {
    let artifacts = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let ours = artifacts.filter(|message| {
        message.get("reason").and_then(Value::as_str) == Some("compiler-artifact")
            && message.get("manifest_path").and_then(Value::as_str).is_some_and(|path| Path::new(path) == manifest)
    });
    let files = ours.filter_map(|message| message.get("filenames").and_then(Value::as_array).cloned()).flatten();
    files.filter_map(|file| file.as_str().map(PathBuf::from)).find(|file| file.extension().is_some_and(|extension| extension == "wasm"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_is_the_one_of_the_asked_package() {
        let messages = r#"not json
{"reason":"compiler-artifact","manifest_path":"/p/other/Cargo.toml","filenames":["/t/other.wasm"]}
{"reason":"compiler-artifact","manifest_path":"/p/postgres/Cargo.toml","filenames":["/t/libpostgres.rlib","/t/postgres.wasm"]}
{"reason":"build-finished","success":true}"#;
        assert_eq!(module_in(messages, Path::new("/p/postgres/Cargo.toml")), Some("/t/postgres.wasm".into()));
        assert_eq!(module_in(messages, Path::new("/p/missing/Cargo.toml")), None);
    }
}
