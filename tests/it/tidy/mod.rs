//! House rules that a machine can see. Each names the file, the line and the mend.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every file of the tree with this ending, without what builds leave behind, as path from the root and text.
fn files(ending: &str) -> Vec<(String, String)> {
    fn walk(dir: &Path, ending: &str, found: &mut Vec<PathBuf>) {
        let mut entries: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "target" && !name.starts_with('.') && name != "hallpass-data" {
                    walk(&path, ending, found);
                }
            } else if name.ends_with(ending) {
                found.push(path);
            }
        }
    }
    let root = root();
    let mut found = Vec::new();
    walk(&root, ending, &mut found);
    assert!(!found.is_empty(), "no {ending} file was found: the walk is broken");
    found.into_iter().map(|p| (p.strip_prefix(&root).unwrap().to_string_lossy().into_owned(), fs::read_to_string(&p).unwrap())).collect()
}

fn is_test(path: &str) -> bool {
    path.starts_with("tests/")
        || path.contains("/tests/")
        || path.ends_with("/tests.rs")
        || path.contains("/benches/")
        || path.ends_with("fixture.rs")
}

fn refuse(what: &str, found: Vec<String>) {
    assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
}

/// Lines of `text` that contain one of `words`, outside of comments.
fn lines_with<'a>(path: &str, text: &'a str, words: &'a [&'a str]) -> Vec<String> {
    let hit = |line: &str| words.iter().any(|w| line.contains(w)) && !line.trim_start().starts_with("//");
    text.lines().enumerate().filter(|(_, line)| hit(line)).map(|(n, line)| format!("{path}:{}: {}", n + 1, line.trim())).collect()
}

#[test]
fn every_module_says_what_it_is() {
    let silent = files(".rs").into_iter().filter(|(_, text)| !text.starts_with("//!")).map(|(path, _)| path).collect();
    refuse("these modules do not begin with //!", silent);
}

#[test]
fn no_merge_is_left_half_done() {
    let endings = [".rs", ".md", ".toml", ".json", ".lock", ".sql", ".wit", ".cedar", ".js", ".py"];
    let hidden = [".gitignore", ".ci/run"].map(|name| (name.to_owned(), fs::read_to_string(root().join(name)).unwrap()));
    let left = endings.iter().flat_map(|ending| files(ending)).chain(hidden).filter(|(_, text)| {
        let marks = ["<", "=", ">"].map(|mark| mark.repeat(7));
        text.lines().any(|line| marks.iter().any(|mark| line == mark || line.starts_with(&format!("{mark} "))))
    });
    refuse("these files hold marks of a merge", left.map(|(path, _)| path).collect());
}

#[test]
fn files_stay_small() {
    let mut long = Vec::new();
    for (path, text) in files(".rs") {
        let lines = text.lines().take_while(|l| !l.starts_with("#[cfg(test)]")).count();
        if lines > 600 && !is_test(&path) {
            long.push(format!("{path}: {lines} lines"));
        }
    }
    refuse("over 600 lines: split them by noun", long);
}

#[test]
fn no_test_is_skipped_or_expects_a_panic() {
    let ignore = concat!("#[", "ignore");
    let panic = concat!("#[should", "_panic");
    let found = files(".rs").iter().flat_map(|(path, text)| lines_with(path, text, &[ignore, panic])).collect();
    refuse("a test must run and must be able to fail", found);
}

#[test]
fn each_thing_stays_in_its_place() {
    let rules: &[(&[&str], &[&str])] = &[
        (&["sqlx::"], &["host/crates/store/", "host/crates/runtime/src/capability/sql", "host/src/demo"]),
        (&["wasmtime::", "bindgen!"], &["host/crates/runtime/", "sdk/rust/"]),
        (&["reqwest::", "hyper::client", "hyper_util::client"], &["host/crates/egress/"]),
        (&["cedar_policy::"], &["host/crates/policy/"]),
        (&["biscuit_auth::"], &["host/crates/tokens/", "sdk/verify/"]),
        (&["axum::"], &["host/crates/http/", "host/src/"]),
        (&["std::env::"], &["host/src/", "sdk/build/"]),
    ];
    let mut found = Vec::new();
    for (path, text) in files(".rs") {
        if is_test(&path) {
            continue;
        }
        let code: String = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
        for (words, homes) in rules {
            if !homes.iter().any(|home| path.starts_with(home)) {
                found.extend(lines_with(&path, &code, words));
            }
        }
    }
    refuse("out of its place: see ARCHITECTURE.md, invariant 9", found);
}

#[test]
fn the_domain_does_no_io() {
    let manifest = fs::read_to_string(root().join("host/crates/domain/Cargo.toml")).unwrap();
    for heavy in ["tokio", "sqlx", "axum", "wasmtime", "reqwest"] {
        assert!(!manifest.contains(heavy), "the domain depends on {heavy}");
    }
}

#[test]
fn every_dependency_says_what_it_is_for() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let table = manifest.split("[workspace.dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    assert!(table.lines().any(|l| l.starts_with("sqlx")), "the table was not found");
    let mut block_has_comment = false;
    let mut bare = Vec::new();
    for line in table.lines() {
        if line.trim().is_empty() {
            block_has_comment = false;
        } else if line.starts_with('#') {
            block_has_comment = true;
        } else if !block_has_comment && !line.contains("} #") && !line.contains("\" #") {
            bare.push(line.to_owned());
        }
    }
    refuse("say what the dependency is for, or under which heading it stands", bare);
}

#[test]
fn the_interface_and_its_changelog_move_together() {
    let wit = fs::read_to_string(root().join("wit/connector.wit")).unwrap();
    let version = wit.lines().find_map(|l| l.strip_prefix("package hallpass:connector@")).unwrap().trim_end_matches(';');
    let changes = fs::read_to_string(root().join("wit/CHANGELOG.md")).unwrap();
    assert!(changes.contains(&format!("## {version}\n")), "wit/CHANGELOG.md has no section {version}");
}

#[test]
fn no_path_of_a_machine_is_in_the_tree() {
    let machine = root().to_string_lossy().into_owned();
    for ending in [".rs", ".md", ".toml", ".json", ".wit", ".cedar"] {
        let found = files(ending).into_iter().filter(|(_, text)| text.contains(&machine)).map(|(path, _)| path).collect();
        refuse("a path of this machine", found);
    }
}

#[test]
fn every_root_entry_is_one_of_the_plan() {
    let planned = ["Cargo.lock", "Cargo.toml", "LICENSE", "README.md", "host", "plugins", "sdk", "target", "tests", "wit"];
    let mut strange = Vec::new();
    for entry in fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && name != "hallpass-data" && !planned.contains(&name.as_str()) {
            strange.push(name);
        }
    }
    refuse("not in the plan of the root folder", strange);
}
