//! Makes a component of a connector in Python, with the tool that its requirements pin.
//!
//! The tool can replace all of WASI by functions that trap, which takes away what no connector is given: files, sockets, clocks, the
//! environment. It would take HTTP away too. So it is shown the WIT with [`KEPT`] in place of `wasi`, and the true name is put back
//! afterwards.

use std::fs;
use std::path::Path;

use crate::packages::{self, Program};
use crate::process::{command, run};
use crate::{Error, WORLD, encode};

/// Runs Python outside of a component: only to build.
const PYTHON: Program = Program {
    name: "python3",
    probe: &["-c", "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))"],
    wanted: "Python 3.10 or later with the modules venv and ensurepip",
    packages: &["python3", "python3-venv"],
    why: "connectors in Python are made into components by a program of PyPI",
};
/// Stands for `wasi` in the WIT that the tool sees.
const KEPT: &str = "kept";
/// Names of modules in `wit_world.imports` that would else be made of a package's name.
const MODULES: [&str; 2] = ["hallpass:connector/types@0.1.0=types", "kept:http/types@0.2.12=http_types"];

/// The component of the connector in `dir`. What is made on the way is kept in `scratch`.
pub(crate) fn componentize(dir: &Path, scratch: &Path, report: &mut dyn FnMut(&str)) -> Result<Vec<u8>, Error> {
    packages::ensure(&PYTHON, report)?;
    let venv = scratch.join("venv");
    install(dir, &venv, report)?;
    let wit = scratch.join("wit");
    rename(&dir.join("wit"), &wit)?;
    let component = scratch.join("component.wasm");
    // As a module and not by its script: that names the folder that it was installed in, and a project can move.
    let mut tool = command(venv.join("bin/python"));
    tool.args(["-c", "from componentize_py import script; script()", "--quiet", "--world", WORLD, "--wit-path"]).arg(&wit);
    for module in MODULES {
        tool.args(["--import-interface-name", module]);
    }
    tool.args(["componentize", "connector", "--stub-wasi", "--python-path", ".", "--output"]).arg(&component);
    tool.env("VIRTUAL_ENV", &venv).env("RUST_BACKTRACE", "0").env("PYTHONDONTWRITEBYTECODE", "1").current_dir(dir);
    report("Making a component of connector.py");
    run(&mut tool, &mut |_| ())?.map_err(|output| {
        let output = explained(&output);
        Error::Compile { command: "componentize-py".to_owned(), dir: dir.to_owned(), output }
    })?;
    let bytes = fs::read(&component).map_err(|source| Error::read(&component, source))?;
    encode::narrow(&bytes, KEPT)
}

/// Makes a virtual environment and installs the requirements into it, when that has not been done since they last changed.
fn install(dir: &Path, venv: &Path, report: &mut dyn FnMut(&str)) -> Result<(), Error> {
    packages::once(&dir.join("requirements.txt"), venv, || {
        report(&format!(
            "About to install the packages of requirements.txt into {} with pip: they make components of Python",
            venv.display()
        ));
        let mut make = command(PYTHON.name);
        make.args(["-m", "venv", "--clear"]).arg(venv);
        let mut pip = command(venv.join("bin/python"));
        // Only files that the hashes name, and none that would have to be compiled.
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:"]);
        pip.args(["--requirement", "requirements.txt"]).current_dir(dir);
        for (step, name) in [(&mut make, "python3 -m venv"), (&mut pip, "pip install")] {
            run(step, report)?.map_err(|output| Error::Compile { command: name.to_owned(), dir: dir.to_owned(), output })?;
        }
        Ok(())
    })
}

/// All that HTTP needs of clocks: the tool imports an interface whole, and a connector is given no clock.
const NO_CLOCK: &str = "package wasi:clocks@0.2.12;\n\ninterface monotonic-clock {\n  type duration = u64;\n}\n";

/// Copies the WIT in `from` to `to`, with [`KEPT`] for `wasi`, and without clocks.
fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    fs::create_dir_all(to).map_err(|source| Error::write(to, source))?;
    for entry in fs::read_dir(from).map_err(|source| Error::read(from, source))? {
        let path = entry.map_err(|source| Error::read(from, source))?.path();
        let copy = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            rename(&path, &copy)?;
        } else {
            let text = fs::read_to_string(&path).map_err(|source| Error::read(&path, source))?;
            let text = if text.contains("package wasi:clocks@") { NO_CLOCK } else { &text };
            fs::write(&copy, text.replace("wasi:", &format!("{KEPT}:"))).map_err(|source| Error::write(&copy, source))?;
        }
    }
    Ok(())
}

/// What the tool says, without the frames of its own, and with the item of the WIT where a class or a method is missing.
fn explained(output: &str) -> String {
    let said = output.split_once("AssertionError: ").map_or(output, |(_, said)| said);
    let said = said.split("\n\nCaused by:").next().unwrap_or(said).trim_end();
    match missing(said) {
        Some(mend) => format!("{said}\n{mend}"),
        None => said.to_owned(),
    }
}

/// The item of the WIT that has no implementation, and how to give it one.
fn missing(said: &str) -> Option<String> {
    let between = |start: &str, end: char| said.split_once(start).and_then(|(_, rest)| rest.split(end).next());
    let interface = |class: &str| {
        let spelled: Vec<String> =
            class.char_indices().map(|(at, c)| if at > 0 && c.is_ascii_uppercase() { format!("-{c}") } else { c.into() }).collect();
        spelled.concat().to_ascii_lowercase()
    };
    if let Some(class) = between("module 'connector' has no attribute '", '\'') {
        let name = interface(class);
        return Some(format!(
            "The world exports `hallpass:connector/{name}`: add `class {class}(exports.{class})` to connector.py, or take the interface out of wit/plugin.wit."
        ));
    }
    let class = between("abstract class ", ' ')?;
    let method =
        between("abstract method '", '\'').or_else(|| between("abstract methods '", '\'')).or_else(|| between("abstract method ", '\n'))?;
    let name = interface(class);
    let function = method.replace('_', "-");
    Some(format!(
        "`hallpass:connector/{name}` has the function `{function}`: add `def {method}(self, …)` to the class {class} in connector.py."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_method_is_told_as_the_item_of_the_wit() {
        let output = "Traceback (most recent call last):\n  File \"<string>\", line 1\nAssertionError: TypeError: Can't instantiate abstract class \
                      Grants without an implementation for abstract method 'revoke'\n\n\nCaused by:\n    TypeError: again";
        let text = explained(output);
        assert!(text.starts_with("TypeError: Can't instantiate") && !text.contains("again"), "{text}");
        assert!(text.contains("`hallpass:connector/grants` has the function `revoke`: add `def revoke(self, …)`"), "{text}");
    }

    #[test]
    fn a_missing_class_is_told_as_the_interface_of_the_wit() {
        let text = explained("AssertionError: AttributeError: module 'connector' has no attribute 'ToolOutcomes'. Did you mean: 'Tool'?");
        assert!(text.contains("`hallpass:connector/tool-outcomes`: add `class ToolOutcomes(exports.ToolOutcomes)`"), "{text}");
    }

    #[test]
    fn other_words_of_the_tool_stay_as_they_are() {
        let said = "SyntaxError: '(' was never closed (connector.py, line 1)";
        assert_eq!(explained(said), said);
    }

    #[test]
    fn the_tool_sees_no_name_of_wasi() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("wit"), dir.path().join("copy"));
        fs::create_dir_all(from.join("deps")).unwrap();
        fs::write(from.join("deps/io.wit"), "package wasi:io@0.2.12;").unwrap();
        fs::write(from.join("deps/clocks.wit"), "package wasi:clocks@0.2.12;\ninterface monotonic-clock { now: func() -> u64; }").unwrap();
        rename(&from, &to).unwrap();
        assert_eq!(fs::read_to_string(to.join("deps/io.wit")).unwrap(), "package kept:io@0.2.12;");
        let clocks = fs::read_to_string(to.join("deps/clocks.wit")).unwrap();
        assert!(clocks.starts_with("package kept:clocks@0.2.12;") && !clocks.contains("now"), "{clocks}");
    }
}
