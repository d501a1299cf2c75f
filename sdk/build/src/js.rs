//! Makes a component of a connector in JavaScript, with the tools that its lock file pins.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::packages::{self, Program};
use crate::process::{command, run};
use crate::{Error, WORLD};

/// Runs JavaScript outside of a component: only to build.
const NODE: Program = Program {
    name: "node",
    probe: &["--eval", "process.exit(Number(process.versions.node.split('.')[0]) < 18 ? 1 : 0)"],
    wanted: "Node.js 18 or later",
    packages: &["nodejs", "npm"],
    why: "connectors in JavaScript are made into components by a program of npm",
};
/// Fetches what the lock file names.
const NPM: Program = Program { name: "npm", probe: &["--version"], wanted: "npm", ..NODE };

/// Calls the tool. It is run in the connector's folder, so that it finds that folder's packages.
const SCRIPT: &str = include_str!("js/componentize.mjs");

/// The component of the connector in `dir`. What is made on the way is kept in `scratch`.
pub(crate) fn componentize(dir: &Path, scratch: &Path, report: &mut dyn FnMut(&str)) -> Result<Vec<u8>, Error> {
    packages::ensure(&NODE, report)?;
    install(dir, report)?;
    let main = main_file(dir)?;
    // Says where a mistake is; the tool only says that there is one.
    let mut check = command(NODE.name);
    check.args(["--check", &main]).current_dir(dir);
    run(&mut check, &mut |_| ())?.map_err(|output| failed(&format!("node --check {main}"), dir, output))?;
    let component = scratch.join("component.wasm");
    let mut tool = command(NODE.name);
    tool.args(["--input-type=module", "--eval", SCRIPT, "--", &main, "wit", WORLD]).arg(&component).current_dir(dir);
    report(&format!("Making a component of {main}"));
    run(&mut tool, &mut |_| ())?.map_err(|output| failed("componentize-js", dir, output))?;
    fs::read(&component).map_err(|source| Error::read(&component, source))
}

/// Installs the packages of the lock file, when that has not been done since it last changed.
fn install(dir: &Path, report: &mut dyn FnMut(&str)) -> Result<(), Error> {
    let lock = dir.join("package-lock.json");
    let folder = dir.join("node_modules");
    packages::once(&lock, &folder, || {
        packages::ensure(&NPM, report)?;
        report("About to install the packages of package-lock.json into node_modules with npm ci: they make components of JavaScript");
        let mut npm = command(NPM.name);
        // No program of any package runs while it is installed.
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(dir);
        run(&mut npm, report)?.map_err(|output| failed("npm ci", dir, output))?;
        Ok(())
    })
}

/// The main file, as package.json names it.
fn main_file(dir: &Path) -> Result<String, Error> {
    let path = dir.join("package.json");
    let text = fs::read(&path).map_err(|source| Error::read(&path, source))?;
    let refused = |reason: String| Error::Json { path: path.clone(), reason };
    let package: Value = serde_json::from_slice(&text).map_err(|error| refused(format!("not JSON: {error}")))?;
    let main = package.get("main").and_then(Value::as_str);
    main.map(str::to_owned).ok_or_else(|| refused("`main` must name the file that exports the interfaces, such as connector.js".to_owned()))
}

fn failed(command: &str, dir: &Path, output: String) -> Error {
    Error::Compile { command: command.to_owned(), dir: dir.to_owned(), output }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// npm silently leaves out an optional package that says it is not for this Node.js. The parser is made of such packages, one for each
    /// system; they say 20 and work in 18, which is what Debian has.
    #[test]
    fn no_part_of_the_parser_is_left_out_for_the_oldest_node() {
        let lock: Value = serde_json::from_str(include_str!("../../js/package-lock.json")).unwrap();
        let packages = lock.get("packages").and_then(Value::as_object).unwrap();
        let parts: Vec<_> = packages.iter().filter(|(name, _)| name.contains("/@oxc-parser/binding-")).collect();
        assert!(!parts.is_empty(), "the parser has other parts now: look whether they are for Node.js 18");
        for (name, part) in parts {
            assert!(part.get("engines").is_none(), "{name} is left out in Node.js 18: take its `engines` out of package-lock.json");
        }
    }
}
