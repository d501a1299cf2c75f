//! `hallpass connector check` and `hallpass connector test`, as an author types them: no broker, an exit code, and what to mend.

use std::ffi::OsString;
use std::path::Path;

use hallpass::cli::{Exit, run};
use hallpass::config::Environment;
use hallpass_tests::server::connector;
use serde_json::Value;

fn hallpass(arguments: &[&str]) -> (Exit, String, String) {
    let executable = std::env::current_exe().unwrap();
    let environment = Environment::of([("HALLPASS_EXECUTABLE", executable.to_str().unwrap())]);
    let arguments = ["hallpass"].iter().chain(arguments).map(OsString::from);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = run(arguments, environment, &mut out, &mut err);
    (exit, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

fn written(folder: &Path, name: &str, bytes: &[u8]) -> String {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path.to_string_lossy().into_owned()
}

#[test]
fn an_author_checks_and_tests_without_a_broker() {
    let folder = tempfile::tempdir().unwrap();
    let good = written(folder.path(), "postgres.wasm", &connector());
    let (exit, out, err) = hallpass(&["connector", "check", &good]);
    assert_eq!(exit, Exit::Done, "{err}");
    assert!(out.contains("the broker admits it") && out.contains("schema.read"), "{out}");
    assert!(out.contains("asks for (digest sha256:"), "{out}");
    let (exit, out, err) = hallpass(&["--json", "connector", "test", &good]);
    assert_eq!(exit, Exit::Done, "{out} {err}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["kept"], true);
    assert_eq!(report["laws"][0]["law"], "fixture");

    let core = written(folder.path(), "core.wasm", b"\0asm\x01\0\0\0");
    for command in ["check", "test"] {
        let (exit, _, err) = hallpass(&["connector", command, &core]);
        assert_eq!(exit, Exit::Failed);
        assert!(err.contains("core WebAssembly module") && err.contains("hallpass connector build"), "{err}");
    }
}
