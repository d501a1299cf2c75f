//! Writes the folder of a new connector: a small whole one, with all that a build outside of this repository needs.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::{Error, Language};

/// A file of a template: where it goes, and what is in it.
type File = (&'static str, &'static str);

/// The files of one folder of this repository, under the names that they get in a project.
macro_rules! files {
    ($folder:literal: $($path:literal => $to:literal),+ $(,)?) => {
        &[$(($to, include_str!(concat!("../../../", $folder, "/", $path)))),+]
    };
}

/// What all projects share: the contract, and the manifest and fixture of the example.
const SHARED: &[File] = files!("sdk/rust/template": "manifest.json" => "manifest.json", "fixture.json" => "fixture.json");

/// The contract, as something that a project's own WIT depends on.
const CONTRACT: &[File] = files!("wit":
    "connector.wit" => "wit/deps/hallpass-connector.wit",
    "deps/clocks.wit" => "wit/deps/clocks.wit",
    "deps/http.wit" => "wit/deps/http.wit",
    "deps/io.wit" => "wit/deps/io.wit",
);

const RUST: &[&[File]] = &[
    SHARED,
    files!("sdk/rust/template":
        "Cargo.toml" => "Cargo.toml",
        "Cargo.lock" => "Cargo.lock",
        "README.md" => "README.md",
        "lib.rs" => "src/lib.rs",
        "sdk.toml" => "sdk/rust/Cargo.toml",
    ),
    // The crate is not published: a project has a copy, which finds the contract where it does here.
    files!("sdk/rust":
        "src/bindings.rs" => "sdk/rust/src/bindings.rs",
        "src/export.rs" => "sdk/rust/src/export.rs",
        "src/failure.rs" => "sdk/rust/src/failure.rs",
        "src/http.rs" => "sdk/rust/src/http.rs",
        "src/http/address.rs" => "sdk/rust/src/http/address.rs",
        "src/http/answer.rs" => "sdk/rust/src/http/answer.rs",
        "src/http/wire.rs" => "sdk/rust/src/http/wire.rs",
        "src/lib.rs" => "sdk/rust/src/lib.rs",
        "src/record.rs" => "sdk/rust/src/record.rs",
        "src/step.rs" => "sdk/rust/src/step.rs",
    ),
    files!("wit":
        "connector.wit" => "wit/connector.wit",
        "deps/clocks.wit" => "wit/deps/clocks.wit",
        "deps/http.wit" => "wit/deps/http.wit",
        "deps/io.wit" => "wit/deps/io.wit",
    ),
    &[(".gitignore", "/target\n")],
];

const JAVASCRIPT: &[&[File]] = &[
    SHARED,
    files!("sdk/js":
        "README.md" => "README.md",
        "connector.js" => "connector.js",
        "hallpass.js" => "hallpass.js",
        "package.json" => "package.json",
        "package-lock.json" => "package-lock.json",
        "wit/plugin.wit" => "wit/plugin.wit",
    ),
    CONTRACT,
    &[(".gitignore", "/target\n/node_modules\n")],
];

const PYTHON: &[&[File]] = &[
    SHARED,
    files!("sdk/python":
        "README.md" => "README.md",
        "connector.py" => "connector.py",
        "hallpass.py" => "hallpass.py",
        "requirements.txt" => "requirements.txt",
        "wit/plugin.wit" => "wit/plugin.wit",
    ),
    CONTRACT,
    &[(".gitignore", "/target\n__pycache__\n")],
];

/// The name of the example, for which a project's own name is put.
const EXAMPLE: &str = "my-connector";
/// The publisher of the example.
const PUBLISHER: &str = "my-publisher";

/// What to write.
#[derive(Clone, Debug)]
pub struct Project<'a> {
    /// The connector's name: 1 to 64 characters of `a-z`, `0-9` and `-`, a letter first.
    pub name: &'a str,
    /// Who will sign it, as a trust policy names them; without one, a placeholder stands in the manifest.
    pub publisher: Option<&'a str>,
    /// What it is written in.
    pub language: Language,
}

/// A new project.
#[derive(Clone, Debug)]
pub struct Created {
    /// Its folder.
    pub dir: PathBuf,
    /// What was written, in order, relative to the folder.
    pub files: Vec<PathBuf>,
}

/// Writes a new connector into `dir`, which must be absent or empty. Errors: [`Error::BadName`], [`Error::Occupied`], [`Error::Write`].
pub fn create(project: &Project<'_>, dir: &Path) -> Result<Created, Error> {
    check_name(project.name, "")?;
    project.publisher.map_or(Ok(()), |publisher| check_name(publisher, "."))?;
    let occupied = match fs::read_dir(dir) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        Err(error) => return Err(Error::read(dir, error)),
    };
    if occupied {
        return Err(Error::Occupied { dir: dir.to_owned() });
    }
    let template = match project.language {
        Language::Rust => RUST,
        Language::JavaScript => JAVASCRIPT,
        Language::Python => PYTHON,
    };
    let mut files: Vec<PathBuf> = Vec::new();
    for (path, text) in template.iter().copied().flatten() {
        let file = dir.join(path);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).map_err(|source| Error::write(folder, source))?;
        }
        fs::write(&file, filled(path, text, project)).map_err(|source| Error::write(&file, source))?;
        files.push(path.into());
    }
    files.sort();
    Ok(Created { dir: dir.to_owned(), files })
}

/// The manifest's own rule, and a letter first, which cargo wants.
fn check_name(name: &str, also: &str) -> Result<(), Error> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || also.contains(c);
    let good = name.len() <= 64 && name.starts_with(|first: char| first.is_ascii_lowercase()) && name.chars().all(fits);
    if good { Ok(()) } else { Err(Error::BadName { name: name.to_owned() }) }
}

/// The text of a file of the example, with the project's own names.
fn filled(path: &str, text: &str, project: &Project<'_>) -> String {
    let own = text.replace(EXAMPLE, project.name).replace(PUBLISHER, project.publisher.unwrap_or(PUBLISHER));
    if path == "Cargo.lock" { in_order(&own) } else { own }
}

/// A lock file whose packages are in the order of their names, as cargo wants them.
fn in_order(lock: &str) -> String {
    let mut parts = lock.trim_end().split("\n\n[[package]]\n");
    let head = parts.next().unwrap_or_default().to_owned();
    let mut packages: Vec<&str> = parts.collect();
    packages.sort_unstable();
    packages.into_iter().fold(head, |text, package| format!("{text}\n\n[[package]]\n{package}")) + "\n"
}

#[cfg(test)]
mod tests;
